//! Masks on the command line.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::process::{Command, Output};

use image::{GrayImage, Luma, Rgba, RgbaImage};
use pentimento::image_io::{Picture, read_record};
use pentimento::recipe::PictureSource;

fn render(folder: &Path, words: &[&str]) -> Output {
    let common = ["render", "-q", "--size", "64", "--iterations", "4", "--scales", "single", "-o", "out.png"];
    let pictures = ["--content", "photo.png", "--style", "style.png", "other.png"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_pentimento"));
    command.args(common).args(pictures).args(words).current_dir(folder).output().unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, wave: fn(u32, u32) -> u32| {
        let pixel = |x, y| Rgba([wave(x, y) as u8, (3 * x) as u8, (2 * y) as u8, 255]);
        RgbaImage::from_fn(64, 48, pixel).save(folder.path().join(name)).unwrap();
    };
    save("photo.png", |x, y| x + y);
    save("style.png", |x, y| x * y);
    save("other.png", |x, y| 40 * x + y);
    GrayImage::from_fn(64, 48, |x, _| Luma([if x < 32 { 255 } else { 0 }]))
        .save(folder.path().join("left.png"))
        .unwrap();
    folder
}

#[test]
fn the_photo_stays_where_its_mask_says_and_the_recipe_remembers_every_mask() {
    let folder = folder();
    let done = render(folder.path(), &["--photo-mask", "left.png", "--style-masks", "none,left.png"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let painting = folder.path().join("out.png");
    let recipe = read_record(&painting).unwrap().unwrap().recipe;
    let mask = recipe.photo_mask.unwrap();
    assert!(matches!(&mask, PictureSource::File(path) if path.is_absolute() && path.ends_with("left.png")), "{mask}");
    assert_eq!(recipe.styles.iter().map(|style| style.mask.clone()).collect::<Vec<_>>(), [None, Some(mask)]);
    let [painting, photo] =
        ["out.png", "photo.png"].map(|name| Picture::open(&folder.path().join(name)).unwrap().to_rgba());
    let changed = |from: u32, to: u32| {
        let pixels = (0..48).flat_map(|y| (from..to).map(move |x| (x, y)));
        pixels.filter(|(x, y)| painting.get_pixel(*x, *y) != photo.get_pixel(*x, *y)).count()
    };
    assert_eq!(changed(0, 32), 0, "the photo stays");
    assert!(changed(32, 64) > 32 * 48 / 2, "the rest is painted");
}

#[test]
fn a_mask_that_cannot_be_read_is_named_before_anything_is_painted() {
    let folder = folder();
    std::fs::write(folder.path().join("text.png"), "no picture").unwrap();
    for words in [["--photo-mask", "missing.png"], ["--style-masks", "none,text.png"]] {
        let failed = render(folder.path(), &words);
        let said = String::from_utf8_lossy(&failed.stderr).into_owned();
        assert!(!failed.status.success() && said.contains(words[1].trim_start_matches("none,")), "{said}");
        assert!(!folder.path().join("out.png").exists());
    }
}
