use image::RgbaImage;

use super::super::action::Action;
use super::*;
use crate::engine::finishing;
use crate::recipe::Init;
use crate::studio::{Aside, Canvas};

fn file(name: &str) -> PictureSource {
    PictureSource::File(name.into())
}

fn loaded(state: &mut State, source: &PictureSource) {
    let event = Event::PictureLoaded {
        source: source.clone(),
        thumbnail: Arc::new(RgbaImage::new(8, 6)),
        width: 8,
        height: 6,
        remark: None,
    };
    state.apply(event, 0.0);
}

#[test]
fn what_is_to_be_known_of_how_a_picture_was_read_is_told() {
    let mut state = State::default();
    loaded(&mut state, &file("photo.jpg"));
    assert!(state.notices.newest_first().next().is_none());
    let thumbnail = Arc::new(RgbaImage::new(8, 6));
    let remark = Some("its colours are taken for sRGB");
    state.apply(Event::PictureLoaded { source: file("scan.tif"), thumbnail, width: 8, height: 6, remark }, 0.0);
    let told: Vec<&str> = state.notices.newest_first().map(|notice| notice.text.as_str()).collect();
    assert_eq!(told, ["scan.tif: its colours are taken for sRGB"]);
}

fn failed(state: &mut State, source: &PictureSource) {
    state.apply(Event::PictureFailed { source: source.clone(), message: "gone".to_owned() }, 0.0);
}

/// Whose bundled pictures are here.
fn state() -> State {
    let mut state = State::default();
    let recipe = state.recipe.clone();
    recipe.pictures().into_iter().for_each(|source| loaded(&mut state, source));
    state
}

fn canvas(iteration: u32) -> Canvas {
    Canvas { image: Arc::new(RgbaImage::new(8, 6)), deep: None, recipe: Recipe::default(), iteration }
}

fn aside(canvas: Canvas) -> Box<Aside> {
    Box::new(Aside { thumbnail: Arc::clone(&canvas.image), fingerprint: 7, canvas })
}

/// Paints on nothing but paper: the canvas of a painting that has seen so many iterations.
fn at_work(state: &mut State, iteration: u32) -> RunId {
    let Command::Paint { run, .. } = state.start_painting() else { panic!("not a painting") };
    state.take_frame(Frame { run, iteration, image: Arc::new(RgbaImage::new(8, 6)), moments: Arc::new([]) });
    run
}

/// What Finish has made of the default recipe.
fn finished() -> Recipe {
    finishing(&Recipe { style_strength: 1.0, ..Recipe::default() }, file("small.png"), 512, 2048).unwrap()
}

#[test]
fn what_finish_had_set_ends_with_its_painting_though_that_is_another_days() {
    let mut state = state();
    loaded(&mut state, &file("small.png"));
    state.restore(finished());
    assert_eq!((state.recipe.size, &state.recipe.init), (2048, &Init::Picture(file("small.png"))));
    let Command::Preset(crate::studio::PresetCommand::Save { settings, .. }) = state.save_preset("mine".to_owned())
    else {
        panic!("no preset")
    };
    let before = Recipe { style_strength: 1.0, ..Recipe::default() };
    assert_eq!(*settings, before, "no preset paints every picture as Finish does");
    assert_eq!(state.lasting_recipe(), before);
    loaded(&mut state, &file("photo.jpg"));
    state.choose(Slot::Photo, file("photo.jpg"));
    assert_eq!(state.recipe, Recipe { content: file("photo.jpg"), ..before });
}

#[test]
fn settings_come_back_without_a_start_that_is_gone() {
    let mut state = state();
    state.restore(Recipe { init: Init::Picture(file("start.png")), seed: 4, ..Recipe::default() });
    failed(&mut state, &file("start.png"));
    assert_eq!(state.recipe, Recipe { seed: 4, ..Recipe::default() });
    // What is taken up stays as large as it was: it goes on from its own canvas.
    state.restore(finished());
    state.awaited_start = Some(canvas(9));
    failed(&mut state, &file("small.png"));
    assert_eq!((state.recipe.size, &state.recipe.init), (2048, &Init::Content));
    assert!(matches!(state.awaited_start(), Some(Command::TakeUp { .. })));
}

#[test]
fn settings_whose_photo_is_gone_do_not_bring_its_mask() {
    let mut state = state();
    let (photo, mask) = (file("photo.jpg"), file("mask.png"));
    state.restore(Recipe { content: photo.clone(), photo_mask: Some(mask.clone()), seed: 4, ..Recipe::default() });
    failed(&mut state, &photo);
    loaded(&mut state, &mask);
    assert_eq!(state.recipe, Recipe { seed: 4, ..Recipe::default() });
}

#[test]
fn a_mask_that_cannot_be_read_can_be_taken_out() {
    let mut state = state();
    state.recipe.photo_mask = Some(file("mask.png"));
    assert!(state.mask(super::super::masking::MaskCommand::Edit(super::super::masking::MaskTarget::Photo)).is_some());
    assert!(state.offers(Action::ClearMask), "while it is on its way");
    failed(&mut state, &file("mask.png"));
    assert!(state.offers(Action::ClearMask));
    assert!(state.mask_action(Action::ClearMask).is_none());
    assert_eq!(state.recipe.photo_mask, None);
}

#[test]
fn a_finished_previous_canvas_outlives_the_window() {
    let will = |prepare: &dyn Fn(&mut State)| {
        let mut state = state();
        prepare(&mut state);
        state.last_will()
    };
    let set_aside = |state: &mut State, run: RunId, iteration| {
        state.apply(Event::SetAside { run, aside: aside(canvas(iteration)) }, 0.0);
    };
    // Beside a canvas that will be written over whatever there is.
    let beside = will(&|state| {
        let run = at_work(state, 500);
        at_work(state, 3);
        set_aside(state, run, 500);
    });
    assert!(matches!(beside, Some(Command::KeepCanvas(canvas)) if canvas.iteration == 500));
    // With none, it may be the one that the next program finds.
    let alone = will(&|state| {
        let run = at_work(state, 500);
        state.leave_painting();
        set_aside(state, run, 500);
    });
    assert!(matches!(alone, Some(Command::KeepUnlessLast(canvas)) if canvas.iteration == 500));
    assert!(will(&|state| set_aside(state, RunId(0), 500)).is_none(), "what was there at the start is there still");
    assert!(will(&|state| set_aside(state, RunId(1), 200)).is_none(), "unfinished");
}

#[test]
fn what_was_stirred_is_not_offered_to_be_taken_back_as_brushed_in() {
    let mut state = state();
    let run = at_work(&mut state, 5);
    state.apply(Event::Paused(run), 0.0);
    state.apply(Event::Retouched { run, name: "iteration 3".to_owned(), before: Some(aside(canvas(5))) }, 1.0);
    assert!(state.deed_to_take_back().is_some());
    state.apply(Event::SetAside { run, aside: aside(canvas(5)) }, 2.0);
    assert!(state.deed_to_take_back().is_none());
}

#[test]
fn what_was_left_last_time_is_painted_on_without_a_look_at_it_first() {
    let mut state = state();
    assert!(!state.offers(Action::GoOnFromShown));
    state.apply(Event::SetAside { run: RunId(0), aside: aside(canvas(40)) }, 0.0);
    assert!(state.offers(Action::GoOnFromShown));
    at_work(&mut state, 3);
    assert!(!state.offers(Action::GoOnFromShown), "it would take the place of what is at work");
}
