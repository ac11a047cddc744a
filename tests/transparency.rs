//! Transparent photos, and paintings of 16 bits a channel: through the engine, and through the program as it is run.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;

use image::{DynamicImage, ImageDecoder, ImageReader, Rgba, RgbaImage};
use pentimento::engine::{DeviceChoice, Engine, Job, Masks, StyleEngine};
use pentimento::image_io::{Picture, read_record};
use pentimento::recipe::{Colours, Recipe, Scales};
use tempfile::TempDir;

/// A disc with a soft edge on nothing, where red is hidden.
fn cut_out() -> RgbaImage {
    RgbaImage::from_fn(60, 40, |x, y| {
        let from_edge = 15.0 - ((x as f32 - 30.0).powi(2) + (y as f32 - 20.0).powi(2)).sqrt();
        let alpha = (128.0 + 60.0 * from_edge).clamp(0.0, 255.0) as u8;
        if alpha == 0 { Rgba([255, 0, 0, 0]) } else { Rgba([90, (4 * x) as u8, (5 * y) as u8, alpha]) }
    })
}

/// A picture as it looks over a ground.
fn over(image: &RgbaImage, ground: f32) -> RgbaImage {
    let mut image = image.clone();
    for pixel in image.pixels_mut() {
        let share = f32::from(pixel.0[3]) / 255.0;
        let [r, g, b, _] = pixel.0.map(|value| (f32::from(value) * share + ground * (1.0 - share)).round() as u8);
        pixel.0 = [r, g, b, 255];
    }
    image
}

fn style() -> RgbaImage {
    RgbaImage::from_fn(50, 50, |x, y| Rgba([(x * y) as u8, (9 * x) as u8, (9 * y) as u8, 255]))
}

fn job(photo: &RgbaImage, recipe: Recipe) -> Job {
    let picture = |image: &RgbaImage| Arc::new(Picture::from_rgba(image.clone()));
    Job { recipe, content: picture(photo), styles: vec![picture(&style())], init: None, masks: Masks::default() }
}

fn recipe(size: u32) -> Recipe {
    Recipe { size, iterations: 4, scales: Scales::Single, ..Recipe::default() }
}

#[test]
fn a_painting_is_as_transparent_as_its_photo_and_goes_on_from_itself() {
    let engine = StyleEngine::new(DeviceChoice::Cpu, None).unwrap();
    let photo = cut_out();
    let mut painter = engine.begin(&job(&photo, recipe(60))).unwrap();
    let mut opaque = engine.begin(&job(&over(&photo, 255.0), recipe(60))).unwrap();
    let (seen, same) = (painter.step().unwrap().losses.loss, opaque.step().unwrap().losses.loss);
    assert!((seen / same - 1.0).abs() < 1e-2, "the network sees it over white: {seen}, {same}");
    while !painter.is_finished() {
        painter.step().unwrap();
    }
    let frame = painter.frame().unwrap();
    for (pixel, photo) in frame.pixels().zip(photo.pixels()) {
        assert_eq!(pixel.0[3], photo.0[3]);
        assert!(photo.0[3] > 0 || pixel.0 == [255, 255, 255, 0], "{pixel:?} carries what was hidden");
    }

    // 16 bits, to half a step of 8, over white: a faint colour alone is known less well.
    let deep = painter.deep_frame().unwrap();
    let mut levels = std::collections::HashSet::new();
    for (deep, eight) in deep.pixels().zip(frame.pixels()) {
        levels.extend(deep.0[..3].iter().copied().filter(|_| deep.0[3] == u16::MAX));
        let seen = |value: f64, alpha: f64| value * alpha + 255.0 * (1.0 - alpha);
        let (deep_alpha, alpha) = (f64::from(deep.0[3]) / 65_535.0, f64::from(eight.0[3]) / 255.0);
        assert_eq!(deep_alpha, alpha, "the photo has 8 bits");
        for (deep, eight) in deep.0[..3].iter().zip(eight.0) {
            let (deep, eight) = (seen(f64::from(*deep) / 257.0, alpha), seen(f64::from(eight), alpha));
            assert!((deep - eight).abs() <= 0.5 + 1e-2, "{deep} is not {eight}");
        }
    }
    assert!(levels.len() > 256, "only {} levels", levels.len());

    // A favourite of it goes on as it was kept.
    painter.go_on_from(&Picture::from_rgba(frame.clone())).unwrap();
    for (again, frame) in painter.frame().unwrap().pixels().zip(frame.pixels()) {
        assert!(again.0.iter().zip(frame.0).all(|(a, b)| a.abs_diff(b) <= 1), "{again:?} is not {frame:?}");
    }
}

#[test]
fn transparency_follows_the_photo_and_the_size_of_the_canvas() {
    let engine = StyleEngine::new(DeviceChoice::Cpu, None).unwrap();
    let photo = cut_out();
    let mut job = job(&photo, recipe(60));
    let mut painter = engine.begin(&job).unwrap();
    job.recipe.size = 90;
    job.recipe.colours = Colours::Photo;
    painter.revise(&job).unwrap();
    let large = painter.frame().unwrap();
    assert_eq!(large.dimensions(), (90, 60));
    assert_eq!([(0, 0), (45, 30)].map(|(x, y)| large.get_pixel(x, y).0[3]), [0, 255]);
    // Nothing is painted yet, so an edge over black is as dark as the photo's: no white comes with it.
    let (seen, photo_seen) = (over(&large, 0.0), over(&photo, 0.0));
    let brightest = |image: &RgbaImage| image.pixels().map(|pixel| pixel.0[0]).max().unwrap();
    assert!(brightest(&seen) <= brightest(&photo_seen) + 3, "{} after {}", brightest(&seen), brightest(&photo_seen));
    // Another photo, another transparency: none.
    job.content = Arc::new(Picture::from_rgba(over(&photo, 0.0)));
    painter.revise(&job).unwrap();
    assert!(painter.frame().unwrap().pixels().all(|pixel| pixel.0[3] == 255));
}

/// A folder with a transparent photo in it.
struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        cut_out().save(bench.path("photo.png")).unwrap();
        style().save(bench.path("style.png")).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, words: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pentimento"));
        command.args(words.split_whitespace()).current_dir(self.0.path()).output().unwrap()
    }

    /// Paints the photo; what is said on stderr.
    #[track_caller]
    fn render(&self, words: &str) -> String {
        let output =
            self.run(&format!("render --content photo.png --style style.png --size 60 --iterations 1 {words}"));
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{words}: {told}");
        told
    }
}

#[test]
fn a_transparent_photo_is_painted_into_every_format() {
    let bench = Bench::new();
    let photo = cut_out();
    for name in ["out.png", "out.webp", "out.tif"] {
        assert!(!bench.render(&format!("-o {name}")).contains("transparency"));
        let painting = image::open(bench.path(name)).unwrap();
        let painting = painting.as_rgba8().unwrap();
        assert!(painting.pixels().zip(photo.pixels()).all(|(found, photo)| found.0[3] == photo.0[3]), "{name}");
    }
    let told = bench.render("-o out.jpg");
    assert_eq!(told.matches("out.jpg: JPEG holds no transparency, so the painting will lie over white").count(), 1);
    let painting = image::open(bench.path("out.jpg")).unwrap().into_rgb8();
    assert!(painting.get_pixel(0, 0).0.iter().all(|value| *value > 250));
    assert!(!bench.render("-q -o out.jpg").contains("JPEG"));
    // The larger one that is made of it takes its transparency from the photo.
    let output = bench.run("finish out.png --size 80 --iterations 1 --depth 16 -o large.png");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let DynamicImage::ImageRgba16(large) = image::open(bench.path("large.png")).unwrap() else { panic!("16 bits") };
    assert_eq!((large.dimensions(), large.get_pixel(0, 0).0[3], large.get_pixel(40, 26).0[3]), ((80, 53), 0, 65_535));
}

#[test]
fn a_deep_painting_is_deep_and_one_that_cannot_be_is_refused_before_it_is_painted() {
    let bench = Bench::new();
    over(&cut_out(), 90.0).save(bench.path("photo.png")).unwrap();
    bench.render("-o out.png");
    for name in ["out.jpg", "out.webp"] {
        for words in ["render --depth 16 -o", "finish out.png --depth 16 -o"] {
            let output = bench.run(&format!("{words} {name}"));
            let told = String::from_utf8(output.stderr).unwrap();
            assert_eq!((output.status.code(), told.lines().count()), (Some(1), 1), "{words}: {told}");
            assert!(told.contains(name) && told.contains("8 bits") && told.contains(".png or .tif"), "{told}");
            assert!(!bench.path(name).exists());
        }
    }
    let refused = bench.run("render --depth 12");
    assert_eq!(refused.status.code(), Some(2));
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.contains("--depth") && told.contains("8, 16"), "{told}");

    for name in ["deep.png", "deep.tiff"] {
        bench.render(&format!("--depth 16 -o {name}"));
        let DynamicImage::ImageRgb16(deep) = image::open(bench.path(name)).unwrap() else { panic!("{name}: 16 bits") };
        let between = deep.iter().filter(|value| **value % 257 != 0).count();
        assert!(between > deep.len() / 2, "{name}: {between} values lie between two of 8 bits");
        let eight = image::open(bench.path("out.png")).unwrap().into_rgb8();
        for (deep, eight) in deep.iter().zip(eight.iter()) {
            assert!((f64::from(*deep) / 257.0 - f64::from(*eight)).abs() <= 0.5 + 1e-2, "{name}: {deep}, {eight}");
        }
    }
    assert_eq!(read_record(&bench.path("deep.png")).unwrap().unwrap().iteration, 1);
}

#[test]
fn every_painting_says_that_it_is_srgb() {
    let bench = Bench::new();
    bench.render("-o out.png");
    let png = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(bench.path("out.png")).unwrap()));
    assert_eq!(png.read_info().unwrap().info().srgb, Some(png::SrgbRenderingIntent::Perceptual));
    for name in ["out.jpg", "out.webp"] {
        bench.render(&format!("-o {name}"));
        let icc = ImageReader::open(bench.path(name)).unwrap().into_decoder().unwrap().icc_profile().unwrap();
        // Its description, in UTF-16.
        assert!(icc.is_some_and(|icc| icc.windows(8).any(|word| word == b"\0s\0R\0G\0B")), "{name}");
    }
    bench.render("-o out.tif");
    let mut tiff = tiff::decoder::Decoder::new(std::fs::File::open(bench.path("out.tif")).unwrap()).unwrap();
    assert!(tiff.get_tag_u8_vec(tiff::tags::Tag::IccProfile).is_ok());
}
