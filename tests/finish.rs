//! `pentimento finish`, and canvases that fit into the memory in tiles only, as a user runs them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should panic")]

use std::path::PathBuf;
use std::process::{Command, Output};

use image::{Rgba, RgbaImage};
use pentimento::image_io::{Picture, read_record};
use pentimento::recipe::{Init, PictureSource};
use tempfile::TempDir;

/// A folder with a small favourite in it.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        RgbaImage::from_fn(96, 64, |x, y| Rgba([(2 * x) as u8, (3 * y) as u8, 90, 255]))
            .save(bench.path("photo.png"))
            .unwrap();
        RgbaImage::from_fn(96, 64, |x, y| Rgba([(x * y) as u8, (9 * x) as u8, (9 * y) as u8, 255]))
            .save(bench.path("style.png"))
            .unwrap();
        let words = "render --content photo.png --style style.png --size 64 --iterations 3 -o favourite.png";
        bench.run(words);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn output(&self, words: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pentimento"));
        command.args(words.split_whitespace()).current_dir(self.folder.path()).output().unwrap()
    }

    /// What a command that succeeds says on stderr.
    #[track_caller]
    fn run(&self, words: &str) -> String {
        let output = self.output(words);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{words}: {told}");
        told
    }

    /// A failure is an exit code and one sentence with these words in it.
    #[track_caller]
    fn fails(&self, words: &str, code: i32, expected: &[&str]) {
        let output = self.output(words);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), told.lines().count()), (Some(code), 1), "{words}: {told}");
        for word in expected {
            assert!(told.contains(word), "{words}: {word} is not in: {told}");
        }
    }
}

#[test]
fn a_favourite_is_taken_up_the_ladder() {
    let bench = Bench::new();
    let told = bench.run("finish favourite.png --size 128 --iterations 4");
    assert!(told.starts_with("size: 128 x 85 pixels in 2 stages; time: less than a minute; memory: about"), "{told}");
    assert!(told.contains("stage 1/2, 91 x 61 px") && told.contains("stage 2/2, 128 x 85 px"), "{told}");
    let path = bench.path("favourite-128.png");
    let picture = Picture::open(&path).unwrap();
    assert_eq!((picture.width(), picture.height()), (128, 85));

    // Its recipe says all that is needed to paint it again.
    let recipe = read_record(&path).unwrap().unwrap().recipe;
    assert_eq!((recipe.size, recipe.start_size, recipe.iterations), (128, 65, 4));
    let Init::Picture(PictureSource::File(start)) = &recipe.init else { panic!("it starts from the favourite") };
    assert_eq!(std::fs::canonicalize(start).unwrap(), std::fs::canonicalize(bench.path("favourite.png")).unwrap());
    bench.run(
        "render --content photo.png --style style.png --init favourite.png --start-size 65 --size 128 --iterations 4 \
         -o again.png",
    );
    assert_eq!(Picture::open(&bench.path("again.png")).unwrap().to_rgba(), picture.to_rgba());
    // And it can be finished further.
    bench.run("finish favourite-128.png --size 150 --iterations 1 -q -o larger.tiff");
    assert_eq!(Picture::open(&bench.path("larger.tiff")).unwrap().width(), 150);
}

#[test]
fn tiles_paint_what_the_whole_paints() {
    let bench = Bench::new();
    let whole = bench.run("finish favourite.png --size 300 --iterations 5 -o whole.png");
    let tiled = bench.run("finish favourite.png --size 300 --iterations 5 --memory 0.07 -o tiled.png");
    assert!(!whole.contains("tiles"), "{whole}");
    assert!(tiled.contains("the largest stage in") && tiled.contains("300 x 200 pixels are painted in"), "{tiled}");
    assert!(tiled.contains("pairs of L-BFGS memory instead of 12"), "{tiled}");
    let open = |name| Picture::open(&bench.path(name)).unwrap().to_rgba();
    let (whole, tiled) = (open("whole.png"), open("tiled.png"));
    assert_eq!(whole.dimensions(), (300, 200));
    let distance: u64 = whole.iter().zip(tiled.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!((distance as f64) < 0.02 * whole.len() as f64, "{distance} levels over {} values", whole.len());
    // The scorer, which needs no room for an optimiser, agrees in tiles too.
    let score = |memory: &str| {
        let words = format!("score --content photo.png --style style.png --image whole.png {memory}");
        let json: serde_json::Value = serde_json::from_slice(&bench.output(&words).stdout).unwrap();
        json["loss"].as_f64().unwrap()
    };
    assert!((score("--memory 0.06") / score("") - 1.0).abs() < 1e-5);
}

#[test]
fn what_cannot_be_finished_is_refused_in_a_sentence() {
    let bench = Bench::new();
    bench.fails("finish", 2, &["PAINTING"]);
    bench.fails("finish missing.png", 1, &["missing.png"]);
    bench.fails("finish photo.png", 1, &["photo.png", "no recipe inside"]);
    bench.fails("finish favourite.png --size 64", 2, &["favourite.png", "64 pixels long already"]);
    bench.fails("finish favourite.png --size 9000", 2, &["--size", "16 to 8192 px"]);
    bench.fails("finish favourite.png --memory 0", 2, &["--memory", "above 0"]);
    bench.fails("finish favourite.png --memory 0.2", 1, &["even in tiles", "2048 x 1365", "a size of"]);
    std::fs::remove_file(bench.path("style.png")).unwrap();
    bench.fails("finish favourite.png", 1, &["style.png"]);
}

#[test]
fn tiles_do_all_but_what_needs_the_whole_canvas() {
    let bench = Bench::new();
    let words = "render --content photo.png --style style.png --size 300 --iterations 1 -o out.png --memory 0.07";
    bench.run(words);
    bench.run(&format!("{words} --style-loss moments"));
    bench.fails(&format!("{words} --histogram 1"), 1, &["histogram", "in tiles yet", "300 x 200"]);
}
