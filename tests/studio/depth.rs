//! Transparency and depth of what the studio keeps and saves.

use std::path::PathBuf;
use std::sync::Arc;

use image::{DynamicImage, Rgba, RgbaImage};
use pentimento::image_io::{Picture, read_record};
use pentimento::recipe::Depth;
use pentimento::studio::{Canvas, Command, Event};

use crate::bench::{Bench, canvas, deep_canvas};

fn transparent() -> RgbaImage {
    RgbaImage::from_fn(400, 200, |x, _| Rgba([10, 200, 90, (x / 2) as u8]))
}

/// Waits until this file was written; whether it lies over white.
fn saved(bench: &Bench, wanted: &PathBuf) -> bool {
    bench.wait(|event| match event {
        Event::Saved { path, over_white } if path == *wanted => Some(over_white),
        _ => None,
    })
}

#[test]
fn a_transparent_canvas_stays_so_wherever_it_goes() {
    let bench = Bench::new();
    let held = Canvas { image: Arc::new(transparent()), deep: None, recipe: bench.recipe(1), iteration: 4 };
    bench.studio.send(Command::KeepCanvas(held.clone()));
    let kept = bench.wait_kept();
    assert_eq!(Picture::open(&kept.path).unwrap().to_rgba(), transparent());
    let opacity = |image: &RgbaImage| [0, image.width() - 1].map(|x| image.get_pixel(x, 50).0[3]);
    assert_eq!(opacity(&kept.thumbnail), [0, 199], "in the strip too");
    bench.studio.send(Command::OpenFavourite(kept.path.clone()));
    let opened = bench.wait(|event| match event {
        Event::FavouriteOpened { image, .. } => Some(image),
        _ => None,
    });
    assert_eq!(*opened, transparent());
    for name in ["out.png", "out.webp", "out.tif", "out.jpg"] {
        let (exported, saved_as) = (bench.path(name), bench.path(&format!("again-{name}")));
        bench.studio.send(Command::ExportFavourite { from: kept.path.clone(), to: exported.clone() });
        assert_eq!(saved(&bench, &exported), name == "out.jpg", "{name}");
        bench.studio.send(Command::SaveCanvasAs { canvas: held.clone(), path: saved_as.clone() });
        assert_eq!(saved(&bench, &saved_as), name == "out.jpg", "{name}");
        for path in [exported, saved_as] {
            let read = Picture::open(&path).unwrap();
            assert_eq!(read.has_transparency(), name != "out.jpg", "{name}");
            assert!(name == "out.jpg" || read.to_rgba() == transparent(), "{name}");
        }
    }
    let previous = bench.source("again-out.png");
    bench.studio.send(Command::LoadPicture(previous));
    let small = bench.wait(|event| match event {
        Event::PictureLoaded { thumbnail, .. } => Some(thumbnail),
        _ => None,
    });
    assert_eq!(opacity(&small), [0, 199]);
}

#[test]
fn canvases_are_kept_and_saved_as_deep_as_was_asked() {
    let bench = Bench::new();
    let recipe = bench.recipe(3);
    bench.allow(2);
    bench.paint(1, &recipe);
    bench.steps_begun(3);
    bench.studio.send(Command::SetDepth(Depth::Sixteen));
    bench.studio.send(Command::Keep);
    bench.allow(1);
    let kept = bench.wait_kept();
    assert_eq!(image::open(&kept.path).unwrap().into_rgba16(), deep_canvas(3));
    assert_eq!(read_record(&kept.path).unwrap().unwrap().recipe, recipe);
    // A favourite goes on with what it has, a format takes what it can.
    for (name, deep) in [("out.tif", true), ("out.png", true), ("out.webp", false)] {
        let path = bench.path(name);
        bench.studio.send(Command::ExportFavourite { from: kept.path.clone(), to: path.clone() });
        assert!(!saved(&bench, &path));
        let image = image::open(&path).unwrap();
        assert_eq!(matches!(image, DynamicImage::ImageRgb16(_)), deep, "{name}");
        assert_eq!(image.into_rgba8(), canvas(3), "{name}");
        bench.studio.send(Command::SaveAs(path.clone()));
        assert!(!saved(&bench, &path));
        assert_eq!(matches!(image::open(&path).unwrap(), DynamicImage::ImageRgb16(_)), deep, "{name}");
    }
    // What is set aside can be saved as deep.
    bench.studio.send(Command::Stop);
    let aside = bench.wait_set_aside(1);
    let path = bench.path("aside.tif");
    bench.studio.send(Command::SaveCanvasAs { canvas: aside, path: path.clone() });
    saved(&bench, &path);
    assert_eq!(image::open(&path).unwrap().into_rgba16(), deep_canvas(3));
}

#[test]
fn eight_bits_are_the_rule() {
    let bench = Bench::new();
    bench.allow(1);
    bench.paint(1, &bench.recipe(1));
    bench.wait_finished();
    bench.studio.send(Command::Keep);
    let kept = bench.wait_kept();
    assert!(matches!(image::open(&kept.path).unwrap(), DynamicImage::ImageRgb8(_)));
    bench.studio.send(Command::SetDepth(Depth::Sixteen));
    bench.studio.send(Command::SetDepth(Depth::Eight));
    let path = bench.path("out.tif");
    bench.studio.send(Command::SaveAs(path.clone()));
    saved(&bench, &path);
    assert!(matches!(image::open(&path).unwrap(), DynamicImage::ImageRgb8(_)));
}
