//! Finishing at a high resolution: what it would take, told beforehand.

use image::{Rgba, RgbaImage};
use pentimento::recipe::{Init, PictureSource, Recipe};
use pentimento::studio::{Command, Event, FinishPlan, Unfinished};

use crate::bench::Bench;

fn plan(bench: &Bench, painting: &str, recipe: &Recipe, size: u32) -> Result<Box<FinishPlan>, String> {
    plan_of(bench, Unfinished::File(bench.path(painting)), recipe, size)
}

fn plan_of(bench: &Bench, painting: Unfinished, recipe: &Recipe, size: u32) -> Result<Box<FinishPlan>, String> {
    let (ticket, recipe) = (u64::from(size), Box::new(recipe.clone()));
    bench.studio.send(Command::PlanFinish { ticket, painting, recipe, size });
    bench.wait(|event| match event {
        Event::FinishPlanned { ticket: planned, plan } if planned == ticket => Some(plan),
        _ => None,
    })
}

#[test]
fn a_plan_tells_recipe_stages_and_memory() {
    let bench = Bench::new();
    RgbaImage::from_pixel(80, 40, Rgba([9, 9, 9, 255])).save(bench.path("painting.png")).unwrap();
    let plan = plan(&bench, "painting.png", &bench.recipe(500), 256).unwrap();
    assert_eq!(plan.long_side, 80);
    assert_eq!(plan.recipe.init, Init::Picture(PictureSource::File(bench.path("painting.png"))));
    let widths: Vec<u32> = plan.estimate.stages.iter().map(|stage| stage.width).collect();
    assert_eq!(widths, [91, 128, 181, 256]);
    assert!(plan.estimate.bytes > 256.0 * 128.0 * 1000.0);
    // A fake has no pace.
    assert_eq!(plan.estimate.secs, None);
    // What was planned can be painted.
    bench.allow(1);
    bench.paint(1, &Recipe { iterations: 1, ..plan.recipe });
    bench.wait_finished();
}

#[test]
fn a_canvas_is_planned_without_a_file() {
    let bench = Bench::new();
    let image = RgbaImage::from_pixel(80, 40, Rgba([9, 9, 9, 255]));
    let plan = plan_of(&bench, Unfinished::Canvas(image.into()), &bench.recipe(500), 256).unwrap();
    assert_eq!((plan.long_side, plan.estimate.stages.len()), (80, 4));
    assert!(!bench.path("library").exists(), "nothing is written before it is decided");
}

#[test]
fn a_canvas_is_taken_or_its_lack_told() {
    let bench = Bench::new();
    bench.studio.send(Command::Take);
    assert!(bench.wait_problem().contains("press Paint first"));
    bench.wait(|event| matches!(event, Event::Taken(None)).then_some(()));
    bench.allow(2);
    bench.paint(1, &bench.recipe(2));
    bench.wait_finished();
    bench.studio.send(Command::Take);
    let canvas = bench.wait(|event| if let Event::Taken(canvas) = event { canvas } else { None });
    assert_eq!((canvas.iteration, &canvas.recipe), (2, &bench.recipe(2)));
    // It gets a file, once, and its own answer.
    for ticket in [5, 6] {
        bench.studio.send(Command::KeepToFinish { ticket, canvas: canvas.clone() });
        let path = bench.wait(|event| match event {
            Event::KeptToFinish { ticket: kept, path } if kept == ticket => path,
            _ => None,
        });
        assert!(path.exists());
    }
    assert_eq!(
        std::fs::read_dir(bench.path("library"))
            .unwrap()
            .filter(|file| file.as_ref().unwrap().path().is_file())
            .count(),
        1
    );
}

#[test]
fn what_cannot_be_finished_is_a_sentence() {
    let bench = Bench::new();
    let recipe = bench.recipe(1);
    assert!(plan(&bench, "content.png", &recipe, 8).unwrap_err().contains("8 pixels long already"));
    assert!(plan(&bench, "missing.png", &recipe, 256).unwrap_err().contains("missing.png"));
    let moved = Recipe { content: bench.source("moved.png"), ..recipe };
    assert!(plan(&bench, "content.png", &moved, 256).unwrap_err().contains("moved.png"));
}
