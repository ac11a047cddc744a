use super::*;
use crate::recipe::Recipe;
use crate::studio::Event;

fn loaded(state: &mut State, source: &PictureSource, picture: RgbaImage) {
    let (width, height) = picture.dimensions();
    let event =
        Event::PictureLoaded { source: source.clone(), thumbnail: Arc::new(picture), width, height, remark: None };
    state.apply(event, 0.0);
}

/// A state whose photo is there.
fn state() -> State {
    let mut state = State::default();
    let content = state.recipe.content.clone();
    loaded(&mut state, &content, RgbaImage::new(400, 300));
    state
}

fn stroke(state: &mut State, x: f32) -> Option<Command> {
    state.mask(MaskCommand::Draw { points: vec![[x, 0.2], [x, 0.8]], erases: false });
    state.mask(MaskCommand::Lift)
}

fn store(state: &mut State, command: Option<Command>, name: &str) {
    let Some(Command::StoreMask { ticket, .. }) = command else { panic!("{command:?}") };
    state.apply(Event::MaskStored { ticket, source: file(name) }, 0.0);
}

fn file(name: &str) -> PictureSource {
    PictureSource::File(name.into())
}

#[test]
fn a_stroke_reaches_the_recipe_and_can_be_undone() {
    let mut state = state();
    let target = MaskTarget::Style(0);
    assert!(state.mask(MaskCommand::Edit(target)).is_none());
    assert_eq!(state.masking.editor().unwrap().mask().dimensions(), (1024, 768));
    let first = stroke(&mut state, 0.3);
    assert_eq!(target.mask(&state.recipe), None, "not before there is a file");
    store(&mut state, first, "1.png");
    assert_eq!(target.mask(&state.recipe), Some(&file("1.png")));
    let one = state.masking.editor().unwrap().mask().clone();
    let second = stroke(&mut state, 0.7);
    store(&mut state, second, "2.png");
    let two = state.masking.editor().unwrap().mask().clone();
    assert_ne!(one, two);

    let undone = state.mask_action(Action::UndoStroke);
    assert_eq!(*state.masking.editor().unwrap().mask(), one);
    store(&mut state, undone, "1.png");
    assert_eq!(target.mask(&state.recipe), Some(&file("1.png")));
    // Before the first stroke there was no mask at all.
    assert!(state.mask_action(Action::UndoStroke).is_none());
    assert_eq!(target.mask(&state.recipe), None);
    assert!(!state.masking.offers(Action::UndoStroke));
    state.mask_action(Action::RedoStroke);
    let redone = state.mask_action(Action::RedoStroke);
    assert_eq!(*state.masking.editor().unwrap().mask(), two);
    store(&mut state, redone, "2.png");
    assert_eq!(target.mask(&state.recipe), Some(&file("2.png")));
}

#[test]
fn a_mask_that_was_cleared_before_it_was_stored_stays_cleared() {
    let mut state = state();
    state.mask(MaskCommand::Edit(MaskTarget::Photo));
    let painted = stroke(&mut state, 0.5);
    assert!(state.mask_action(Action::ClearMask).is_none());
    store(&mut state, painted, "late.png");
    assert_eq!(state.recipe.photo_mask, None);
    // Only the last of two strokes counts.
    let (old, new) = (stroke(&mut state, 0.2), stroke(&mut state, 0.8));
    store(&mut state, old, "old.png");
    assert_eq!(state.recipe.photo_mask, None);
    store(&mut state, new, "new.png");
    assert_eq!(state.recipe.photo_mask, Some(file("new.png")));
    // It is also taken in after the artist has left.
    let last = stroke(&mut state, 0.4);
    state.mask_action(Action::LeaveMask);
    store(&mut state, last, "last.png");
    assert_eq!(state.recipe.photo_mask, Some(file("last.png")));
}

#[test]
fn a_photos_mask_with_nothing_on_it_is_none() {
    let mut state = state();
    state.mask(MaskCommand::Edit(MaskTarget::Photo));
    let painted = stroke(&mut state, 0.5);
    store(&mut state, painted, "1.png");
    (state.masking.tool.size, state.masking.tool.hardness) = (100.0, 100.0);
    state.mask(MaskCommand::Draw { points: vec![[0.0, 0.5], [1.0, 0.5]], erases: true });
    assert!(state.mask(MaskCommand::Lift).is_none());
    assert_eq!(state.recipe.photo_mask, None);
    assert!(matches!(state.mask_action(Action::UndoStroke), Some(Command::StoreMask { .. })), "and back");
}

#[test]
fn a_mask_is_read_before_it_is_painted_on() {
    let mut state = state();
    state.recipe.photo_mask = Some(file("mask.png"));
    let command = state.mask(MaskCommand::Edit(MaskTarget::Photo));
    assert!(matches!(command, Some(Command::LoadPicture(source)) if source == file("mask.png")));
    assert!(stroke(&mut state, 0.5).is_none(), "nothing is painted on before it is here");
    loaded(&mut state, &file("mask.png"), RgbaImage::from_pixel(8, 6, image::Rgba([80, 80, 80, 255])));
    let editor = state.masking.editor().unwrap();
    assert!(editor.mask().pixels().all(|grey| grey.0 == [80]));
    let inverted = state.mask_action(Action::InvertMask);
    assert!(state.masking.editor().unwrap().mask().pixels().all(|grey| grey.0 == [175]));
    store(&mut state, inverted, "inverted.png");
    // A file that cannot be read leaves the mask as it was.
    state.load_mask(file("bad.png"));
    state.apply(Event::PictureFailed { source: file("bad.png"), message: "bad".to_owned() }, 0.0);
    assert!(!state.masking.editor().unwrap().is_waiting());
    assert_eq!(state.recipe.photo_mask, Some(file("inverted.png")));
    state.load_mask(file("other.png"));
    loaded(&mut state, &file("other.png"), RgbaImage::new(8, 6));
    assert_eq!(state.recipe.photo_mask, Some(file("other.png")));
}

#[test]
fn a_favourite_comes_without_the_masks_that_are_gone() {
    let mut state = state();
    let style = state.recipe.styles[0].picture.clone();
    loaded(&mut state, &style, RgbaImage::new(8, 6));
    let mut kept = Recipe { seed: 5, photo_mask: Some(file("here.png")), ..state.recipe.clone() };
    kept.styles[0].mask = Some(file("gone.png"));
    let commands = state.restore(kept.clone());
    let asked = commands.iter().filter(|command| matches!(command, Command::LoadPicture(_)));
    assert_eq!(asked.count(), 2, "both masks are asked for");
    state.apply(Event::PictureFailed { source: file("gone.png"), message: "gone".to_owned() }, 0.0);
    assert_ne!(state.recipe.seed, 5, "the other is still on its way");
    loaded(&mut state, &file("here.png"), RgbaImage::new(8, 6));
    kept.styles[0].mask = None;
    assert_eq!(state.recipe, kept);
}

/// Presses on a place, and answers with the ticket under which it is reckoned what that takes in.
fn press(state: &mut State, at: [f32; 2], erases: bool) -> u64 {
    let command = state.mask(MaskCommand::Fill { at, erases });
    let Some(Command::ReckonSpread { ticket, from, size, .. }) = command else { panic!("{command:?}") };
    assert_eq!(size, state.masking.editor().unwrap().mask().dimensions());
    assert_eq!(from, [(at[0] * 400.0) as u32, (at[1] * 300.0) as u32]);
    ticket
}

/// Each column is taken in at a quarter of its number.
fn reckoned(state: &mut State, ticket: u64) {
    let reach = GrayImage::from_fn(1024, 768, |x, _| image::Luma([(x / 4) as u8]));
    state.apply(Event::SpreadReckoned { ticket, reach: Arc::new(reach) }, 0.0);
}

fn pull(state: &mut State, tolerance: f32) {
    let tool = Tool { tolerance, ..state.masking.tool };
    assert!(state.mask(MaskCommand::Take(tool)).is_none());
}

/// The greys of columns in the middle of the mask.
fn columns<const N: usize>(state: &State, columns: [u32; N]) -> [u8; N] {
    columns.map(|x| state.masking.editor().unwrap().mask().get_pixel(x, 150).0[0])
}

#[test]
fn a_fill_follows_the_pointer_and_is_one_stroke() {
    let mut state = state();
    state.mask(MaskCommand::Edit(MaskTarget::Photo));
    let ticket = press(&mut state, [0.5, 0.5], false);
    assert!(state.masking.editor().unwrap().is_reckoning());
    assert!(!state.masking.offers(Action::ToggleFill), "a stroke would begin over it");
    reckoned(&mut state, ticket);
    // 45 hundredths of 254 are 114, the columns up to 459; the edge is as soft as a pixel.
    assert_eq!(columns(&state, [0, 458, 459, 460, 461, 999]), [255, 255, 191, 63, 0, 0]);
    pull(&mut state, 60.0);
    assert_eq!(columns(&state, [610, 613]), [255, 0]);
    pull(&mut state, 20.0);
    assert_eq!(columns(&state, [202, 205, 610]), [255, 0, 0]);
    let command = state.mask(MaskCommand::Lift);
    store(&mut state, command, "fill.png");
    assert_eq!(state.recipe.photo_mask, Some(file("fill.png")));
    // After that the tolerance is the next fill's.
    pull(&mut state, 90.0);
    assert_eq!(columns(&state, [202, 205]), [255, 0]);

    let ticket = press(&mut state, [0.1, 0.1], true);
    reckoned(&mut state, ticket);
    assert_eq!(columns(&state, [0, 202]), [0, 0], "taken out again");
    assert!(state.mask(MaskCommand::Lift).is_none(), "nothing is left of it");
    assert_eq!(state.recipe.photo_mask, None);
    assert!(matches!(state.mask_action(Action::UndoStroke), Some(Command::StoreMask { .. })));
    assert_eq!(columns(&state, [202, 205]), [255, 0]);
    state.mask_action(Action::UndoStroke);
    assert_eq!(columns(&state, [0]), [0]);
    assert_eq!(state.recipe.photo_mask, None);
}

#[test]
fn a_click_that_is_over_before_it_is_reckoned_fills_all_the_same() {
    let mut state = state();
    state.mask(MaskCommand::Edit(MaskTarget::Photo));
    let ticket = press(&mut state, [0.5, 0.5], false);
    assert!(state.mask(MaskCommand::Lift).is_none());
    assert!(state.end_fill().is_none(), "not yet known");
    assert!(!state.masking.offers(Action::UndoStroke) && !state.masking.offers(Action::InvertMask));
    assert!(state.mask(MaskCommand::Fill { at: [0.1, 0.1], erases: false }).is_none(), "one after the other");
    reckoned(&mut state, ticket + 7);
    assert!(state.end_fill().is_none(), "another one's");
    reckoned(&mut state, ticket);
    assert!(matches!(state.end_fill(), Some(Command::StoreMask { .. })));
    assert_eq!(columns(&state, [0]), [255]);
    assert!(state.masking.offers(Action::UndoStroke) && state.end_fill().is_none());
    for beside in [[-0.1, 0.5], [0.5, 1.0], [f32::NAN, 0.5]] {
        assert!(state.mask(MaskCommand::Fill { at: beside, erases: false }).is_none(), "{beside:?}");
    }
}

#[test]
fn another_photo_or_style_ends_it() {
    for change in [
        |recipe: &mut Recipe| recipe.content = file("other.png"),
        |recipe: &mut Recipe| recipe.styles[0].picture = file("other.png"),
    ] {
        let mut state = state();
        state.mask(MaskCommand::Edit(MaskTarget::Style(0)));
        state.tidy_masking();
        assert!(state.masking.editor().is_some());
        let painted = stroke(&mut state, 0.5);
        change(&mut state.recipe);
        state.tidy_masking();
        assert!(state.masking.editor().is_none());
        drop(painted);
    }
}

#[test]
fn a_texture_can_follow_piece_by_piece() {
    let mut state = state();
    state.mask(MaskCommand::Edit(MaskTarget::Photo));
    let start = state.masking.editor().unwrap().revision();
    let mut copy = state.masking.editor().unwrap().mask().clone();
    let mut seen = start;
    for step in 0..40 {
        state.mask(MaskCommand::Draw { points: vec![[step as f32 / 40.0, 0.5]], erases: false });
        let editor = state.masking.editor().unwrap();
        let area = editor.changed_since(seen);
        area.put(&area.pixels(editor.mask()), &mut copy);
        seen = editor.revision();
        assert_eq!(&copy, editor.mask());
    }
    let editor = state.masking.editor().unwrap();
    assert_eq!(editor.changed_since(start), Area::of(editor.mask()), "too long ago");
    assert!(editor.changed_since(seen).is_empty());
}
