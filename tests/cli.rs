//! The program itself, as a user runs it: real pictures, wrong arguments, damaged files, Ctrl-C.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should panic")]

use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngEncoder;
use image::{AnimationDecoder, ExtendedColorType, Frame, ImageEncoder, Rgba, RgbaImage};
use pentimento::image_io::{Picture, read_record, write_settings};
use pentimento::recipe::{Parameter, PictureSource, Preset, Recipe, parameter};
use tempfile::TempDir;

/// A folder to run the program in, with two small pictures.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        RgbaImage::from_fn(96, 64, |x, y| Rgba([(2 * x) as u8, (3 * y) as u8, 90, 255]))
            .save(bench.path("photo.png"))
            .unwrap();
        RgbaImage::from_fn(64, 64, |x, y| Rgba([(x * y) as u8, (9 * x) as u8, (9 * y) as u8, 255]))
            .save(bench.path("style.png"))
            .unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pentimento"));
        command.args(words).current_dir(self.folder.path());
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A failure is an exit code, one sentence that names what is wrong, and no file that was not there before.
#[track_caller]
fn fails(bench: &Bench, words: &[&str], code: i32, names: &[&str]) {
    let before = bench.names();
    let output = bench.run(words);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {stderr}");
    assert_eq!(stderr.lines().count(), 1, "{words:?}: {stderr}");
    assert!(stderr.starts_with("pentimento: "), "{words:?}: {stderr}");
    assert!(!stderr.contains("panicked"), "{words:?}: {stderr}");
    for name in names {
        assert!(stderr.contains(name), "{words:?}: {name} is not in: {stderr}");
    }
    assert_eq!(text(&output.stdout), "", "{words:?}");
    assert_eq!(bench.names(), before, "{words:?}");
}

#[test]
fn wrong_usage_is_one_sentence_and_exit_code_2() {
    let bench = Bench::new();
    let long = parameter::SIZE.max + 1;
    fails(&bench, &["render", "--size", &long.to_string()], 2, &["--size", "16 to 8192 px"]);
    fails(&bench, &["render", "--size", "large"], 2, &["--size", "large"]);
    fails(&bench, &["render", "--size", "-5"], 2, &["-5"]);
    fails(&bench, &["render", "--style-scale", "9"], 2, &["--style-scale", "0.125 to 4 x"]);
    fails(&bench, &["render", "--iterations", "0"], 2, &["--iterations", "1 to 100000"]);
    fails(&bench, &["render", "--tv", "NaN"], 2, &["--tv", "0 to 100"]);
    fails(&bench, &["render", "--style-strength", "11"], 2, &["--style-strength", "-10 to 10 doublings"]);
    fails(&bench, &["render", "--content-strength", "-11"], 2, &["--content-strength", "-10 to 10 doublings"]);
    fails(
        &bench,
        &["render", "--preset", "monet"],
        2,
        &["--preset", "monet", "studio, draft, bold, faithful, texture, gatys"],
    );
    fails(&bench, &["render", "--optimizer", "sgd"], 2, &["--optimizer", "lbfgs, adam"]);
    fails(&bench, &["render", "--pooling", "min"], 2, &["--pooling", "max, avg"]);
    fails(&bench, &["render", "--device", "gpu"], 2, &["--device", "gpu", "cuda"]);
    fails(&bench, &["render", "--precision", "half"], 2, &["--precision", "half", "fast"]);
    // The hundredth card of this machine.
    fails(&bench, &["render", "--device", "cuda:99"], 1, &["cuda:99 is not available", "--device auto or cpu"]);
    fails(&bench, &["check-device", "--device", "cuda:99"], 1, &["cuda:99 is not available"]);
    fails(&bench, &["render", "--seed", "-1"], 2, &["-1"]);
    fails(&bench, &["render", "--style", "style.png", "--style-weights", "1,2"], 2, &["--style-weights", "2", "1"]);
    fails(&bench, &["render", "--style-weights", "0"], 2, &["style weights are zero"]);
    fails(&bench, &["render", "--itertions", "5"], 2, &["--itertions", "--iterations"]);
    fails(&bench, &["score", "--content", "photo.png", "--style", "style.png"], 2, &["--image"]);
    fails(&bench, &["info", "photo.png"], 2, &["photo.png"]);
}

#[test]
fn pictures_that_cannot_be_read_are_named() {
    let bench = Bench::new();
    let png = fs::read(bench.path("photo.png")).unwrap();
    fs::write(bench.path("text.jpg"), "this is no picture").unwrap();
    fs::write(bench.path("empty.png"), "").unwrap();
    fs::write(bench.path("cut.png"), &png[..png.len() / 2]).unwrap();
    fs::create_dir(bench.path("folder")).unwrap();
    for bad in ["missing.png", "text.jpg", "empty.png", "cut.png", "folder"] {
        fails(&bench, &["render", "--content", bad, "--style", "style.png", "--output", "out.png"], 1, &[bad]);
        fails(&bench, &["render", "--content", "photo.png", "--style", "style.png", bad], 1, &[bad]);
        fails(&bench, &["render", "--init", bad, "--trace", "trace.jsonl"], 1, &[bad]);
        fails(&bench, &["score", "--content", "photo.png", "--style", "style.png", "--image", bad], 1, &[bad]);
    }
    fails(&bench, &["render", "--style", "sample:no-such-sample"], 1, &["no-such-sample"]);
    fails(&bench, &["missing.png"], 1, &["missing.png"]);
    fails(&bench, &["rendr"], 2, &["rendr", "no such file or command"]);
    fails(&bench, &["photo.png", "missing.png"], 1, &["missing.png"]);
}

#[test]
fn nothing_is_painted_over_a_picture_that_is_painted_with() {
    let bench = Bench::new();
    let before = fs::read(bench.path("photo.png")).unwrap();
    let words = |output| ["render", "--content", "photo.png", "--style", "style.png", "--output", output];
    fails(&bench, &words("photo.png"), 1, &["photo.png is painted with", "--output"]);
    fails(&bench, &words("./photo.png"), 1, &["photo.png is painted with"]);
    fails(&bench, &words("style.png"), 1, &["style.png is painted with"]);
    assert_eq!(fs::read(bench.path("photo.png")).unwrap(), before);
}

#[test]
fn places_that_cannot_be_written_are_found_out_before_painting() {
    let bench = Bench::new();
    fs::create_dir(bench.path("folder.png")).unwrap();
    fails(&bench, &["render", "--output", "out.xyz"], 1, &["out.xyz", "png"]);
    fails(&bench, &["render", "--output", "out"], 1, &["out"]);
    fails(&bench, &["render", "--output", "no/such/out.png"], 1, &["out.png", "its folder does not exist"]);
    fails(&bench, &["render", "--output", "photo.png/out.png"], 1, &["photo.png/out.png", "its folder does not exist"]);
    fails(&bench, &["render", "--trace", "no/trace.jsonl"], 1, &["trace.jsonl", "its folder does not exist"]);
    fails(&bench, &["render", "--trace", "folder.png"], 1, &["folder.png", "folder"]);
    fails(&bench, &["render", "--film", "no/film.gif"], 1, &["film.gif", "its folder does not exist"]);
    fails(&bench, &["render", "--film", "film.mp4"], 1, &["film.mp4", ".gif"]);
    let photo = ["render", "--content", "photo.png", "--iterations", "4", "--output"];
    fails(&bench, &[&photo[..], &["out.png", "--trace", "photo.png"]].concat(), 1, &["photo.png", "painted with"]);
    fs::copy(bench.path("photo.png"), bench.path("out-00004.png")).unwrap();
    let numbered = ["render", "--content", "out-00004.png", "--iterations", "4", "--output", "out.png"];
    fails(&bench, &[&numbered[..], &["--save-every", "2"]].concat(), 1, &["out-00004.png", "painted with"]);
}

#[test]
fn help_and_version_are_no_errors() {
    let bench = Bench::new();
    for words in [&["--help"][..], &["-h"], &["--version"], &["render", "--help"], &["score", "-h"], &["help"]] {
        let output = bench.run(words);
        assert!(output.status.success(), "{words:?}");
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{words:?}");
    }
    assert!(text(&bench.run(&["--version"]).stdout).contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_tells_what_the_parameter_table_tells() {
    fn told<T: std::fmt::Display>(help: &str, parameter: &Parameter<T>, default: &str) {
        let Parameter { name, unit, min, max, help: meaning, .. } = parameter;
        let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
        assert!(help.contains(&format!("--{name}")), "{name}");
        assert!(help.contains(&format!("{meaning} [{min} to {max}{unit}] [default: {default}]")), "{name}: {help}");
    }
    /// Every preset's own, where they differ.
    // The usual value, then the presets that differ.
    fn by_preset(value: impl Fn(&Recipe) -> String) -> String {
        let usual = value(&Recipe::default());
        let others = Preset::ALL.iter().map(|preset| (preset, value(&Recipe::from_preset(*preset))));
        let others = others.filter(|(_, other)| *other != usual);
        usual.clone() + &others.map(|(preset, other)| format!("; {other} with {preset}")).collect::<String>()
    }
    let bench = Bench::new();
    let help = text(&bench.run(&["render", "--help"]).stdout);
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let studio = Recipe::default();
    told(&help, &parameter::SIZE, &studio.size.to_string());
    told(&help, &parameter::COLOUR_MATCH, &studio.colour_match.to_string());
    told(&help, &parameter::STYLE_SCALE, &by_preset(|recipe| recipe.style_scale.to_string()));
    told(&help, &parameter::ITERATIONS, &by_preset(|recipe| recipe.iterations.to_string()));
    told(&help, &parameter::STYLE_STRENGTH, &studio.style_strength.to_string());
    told(&help, &parameter::CONTENT_STRENGTH, &studio.content_strength.to_string());
    told(&help, &parameter::STYLE_WEIGHT, &studio.styles[0].weight.to_string());
    told(&help, &parameter::DRAWING, &by_preset(|recipe| recipe.drawing.to_string()));
    told(&help, &parameter::TV, &by_preset(|recipe| recipe.tv.to_string()));
    for option in ["--content", "--style", "--output", "--preset", "--optimizer", "--init", "--seed", "--pooling"] {
        assert!(help.contains(option), "{option}");
    }
    for option in ["--device", "--weights", "--trace", "--quiet", "Ctrl-C", "Exit codes"] {
        assert!(help.contains(option), "{option}");
    }
}

#[cfg(not(feature = "gui"))]
#[test]
fn a_build_without_a_window_says_so() {
    let bench = Bench::new();
    fails(&bench, &[], 1, &["no window", "pentimento render"]);
}

#[test]
fn a_device_is_held_to_the_processor() {
    let bench = Bench::new();
    let output = bench.run(&["check-device", "--device", "cpu", "--size", "32", "--evaluations", "2"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["device"], json["reference"]);
    assert_eq!(json["features"][15], serde_json::json!(["relu5_4", 0.0]));
    assert_eq!(json["trace"][0]["distance"], 0.0);
}

#[test]
fn info_is_the_same_for_people_and_programs() {
    let bench = Bench::new();
    let json: serde_json::Value = serde_json::from_slice(&bench.run(&["info", "--json"]).stdout).unwrap();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    let plain = text(&bench.run(&["info"]).stdout);
    for name in json.as_object().unwrap().keys() {
        assert!(plain.contains(&format!("{name}:")), "{name}: {plain}");
    }
}

#[test]
fn the_engine_keeps_to_the_threads_and_instructions_it_is_given() {
    let bench = Bench::new();
    let words = ["info", "--json", "--threads", "1", "--instruction-set", "scalar"];
    let json: serde_json::Value = serde_json::from_slice(&bench.run(&words).stdout).unwrap();
    assert_eq!(json["devices"]["threads"], 1);
    assert_eq!(json["devices"]["instruction_set"], "no vector instructions");
    fails(&bench, &["info", "--threads", "0"], 2, &["--threads"]);
    fails(&bench, &["info", "--instruction-set", "mmx"], 2, &["--instruction-set", "mmx", "avx2"]);
}

#[test]
fn every_instruction_set_measures_the_same_losses() {
    let bench = Bench::new();
    let score = |set: &str| -> serde_json::Value {
        let words = ["score", "--content", "photo.png", "--style", "style.png", "--image", "style.png", "--size", "64"];
        let output = bench.run(&[&words[..], &["--instruction-set", set]].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let best = score("best");
    for set in ["avx2", "scalar"] {
        let found = score(set);
        for term in ["loss", "content", "style"] {
            let (found, best) = (found[term].as_f64().unwrap(), best[term].as_f64().unwrap());
            assert!((found / best - 1.0).abs() < 1e-4, "{set}: {term} is {found}, not {best}");
        }
    }
}

#[test]
fn a_small_painting_end_to_end() {
    let bench = Bench::new();
    let words = ["render", "--content", "photo.png", "--style", "style.png", "--size", "64", "--iterations", "3"];
    let output = bench.run(&[&words[..], &["--preset", "gatys", "--drawing", "1", "--trace", "trace.jsonl"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "photo-in-style.png\n");
    let path = bench.path("photo-in-style.png");
    let picture = Picture::open(&path).unwrap();
    assert_eq!((picture.width(), picture.height()), (64, 43));

    let record = read_record(&path).unwrap().unwrap();
    assert_eq!((record.iteration, record.recipe.size, record.recipe.preset), (3, 64, Preset::Gatys));
    let PictureSource::File(content) = &record.recipe.content else { panic!("a file") };
    assert_eq!(fs::canonicalize(content).unwrap(), fs::canonicalize(bench.path("photo.png")).unwrap());

    let lines = trace_lines(&bench.path("trace.jsonl"));
    assert!(lines.len() >= 3);
    for (index, line) in lines.iter().enumerate() {
        assert_eq!(line["evaluation"], index + 1);
        assert_eq!((&line["width"], &line["height"]), (&64.into(), &43.into()));
        let term = |name: &str| line[name].as_f64().unwrap();
        assert!(index == 0 || term("drawing") > 0.0, "{line}");
        let sum = term("content") + term("drawing") + term("style") + term("tv");
        assert!((term("loss") - sum).abs() <= 1e-6 * term("loss"), "{line}");
        assert!(term("seconds") >= 0.0 && line["stage"] == 0);
    }
    let loss = |line: &serde_json::Value| line["loss"].as_f64().unwrap();
    assert!(loss(lines.last().unwrap()) < loss(&lines[0]), "painting lowers the loss");

    // Once more: the first painting is not overwritten. And quiet is quiet.
    let output = bench.run(&[&words[..], &["--quiet"]].concat());
    assert!(output.status.success());
    assert_eq!((text(&output.stdout), text(&output.stderr)), (String::new(), String::new()));
    assert!(bench.path("photo-in-style-2.png").exists());

    // The scorer agrees that painting lowers the loss.
    let score = |image: &str| {
        let words = ["score", "--content", "photo.png", "--style", "style.png", "--image", image, "--size", "64"];
        let json: serde_json::Value = serde_json::from_slice(&bench.run(&words).stdout).unwrap();
        assert_eq!((&json["width"], &json["height"]), (&64.into(), &43.into()));
        json["loss"].as_f64().unwrap()
    };
    assert!(score("photo-in-style.png") < score("photo.png"));
}

#[test]
fn several_photos_are_painted_one_after_another() {
    let bench = Bench::new();
    for folder in ["photos", "out"] {
        fs::create_dir(bench.path(folder)).unwrap();
    }
    fs::copy(bench.path("photo.png"), bench.path("photos/a.png")).unwrap();
    fs::write(bench.path("photos/b.png"), "this is no picture").unwrap();
    fs::copy(bench.path("style.png"), bench.path("photos/c.png")).unwrap();
    let words = ["render", "--style", "style.png", "--size", "32", "--iterations", "2", "--output", "out", "--content"];
    let output = bench.run(&[&words[..], &["photo.png", "photos"]].concat());
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("photo 3 of 4") && stderr.contains("b.png: this is not a picture"), "{stderr}");
    assert!(stderr.ends_with("pentimento: 1 of 4 photos could not be painted, as told above\n"), "{stderr}");
    let written = ["out/photo-in-style.png", "out/a-in-style.png", "out/c-in-style.png"];
    assert_eq!(text(&output.stdout).lines().collect::<Vec<_>>(), written);
    for (path, photo) in written.iter().zip(["photo.png", "a.png", "c.png"]) {
        let record = read_record(&bench.path(path)).unwrap().unwrap();
        assert_eq!(record.iteration, 2);
        assert!(record.recipe.content.to_string().ends_with(photo), "{path}");
    }
    // A folder that is there will do for one photo as well.
    let output = bench.run(&[&words[..], &["photo.png"]].concat());
    assert_eq!(text(&output.stdout), "out/photo-in-style-2.png\n");
    // All together is refused what can only be meant for one, and what is not there, before anything is painted.
    let two = ["render", "--content", "photo.png", "style.png"];
    fails(&bench, &[&two[..], &["--film", "film.gif"]].concat(), 2, &["--film", "2"]);
    fails(&bench, &[&two[..], &["--trace", "trace.jsonl"]].concat(), 2, &["--trace"]);
    fails(&bench, &[&two[..], &["--output", "out.png"]].concat(), 2, &["out.png", "folder"]);
    fails(&bench, &[&two[..], &["missing.png"]].concat(), 1, &["missing.png", "no such file"]);
}

#[test]
fn a_film_shows_how_the_painting_came_about() {
    let bench = Bench::new();
    let words = ["render", "--content", "photo.png", "--style", "style.png", "--size", "48", "--iterations", "4"];
    let output = bench.run(&[&words[..], &["--output", "out.png", "--film", "film.gif"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let film = GifDecoder::new(BufReader::new(fs::File::open(bench.path("film.gif")).unwrap())).unwrap();
    let frames = film.into_frames().collect_frames().unwrap();
    assert_eq!(frames.len(), 5, "the photo and four iterations");
    // As far as 256 colours go.
    let painted = image::open(bench.path("out.png")).unwrap().to_rgba8();
    let levels_from = |frame: &Frame| {
        let apart = painted.iter().zip(frame.buffer().iter()).map(|(a, b)| f64::from(a.abs_diff(*b)));
        apart.sum::<f64>() / painted.len() as f64
    };
    let apart: Vec<_> = frames.iter().map(levels_from).collect();
    assert!(apart[4] < 12.0 && apart[0] > 1.5 * apart[4], "{apart:?}");
}

#[test]
fn a_colour_profile_that_cannot_be_used_is_told_and_the_picture_taken() {
    let bench = Bench::new();
    let mut png = Vec::new();
    let mut encoder = PngEncoder::new(&mut png);
    encoder.set_icc_profile(b"not a profile".to_vec()).unwrap();
    encoder.write_image(&[90; 48 * 48 * 3], 48, 48, ExtendedColorType::Rgb8).unwrap();
    fs::write(bench.path("scan.png"), png).unwrap();
    let words = ["score", "--content", "photo.png", "--style", "scan.png", "--image", "photo.png"];
    let output = bench.run(&words);
    assert!(output.status.success());
    let told = "scan.png: its colour profile cannot be used, so its colours are taken for sRGB";
    assert!(text(&output.stderr).contains(told), "{}", text(&output.stderr));
}

#[test]
fn a_painting_can_be_begun_from_another_ones_pixels() {
    let bench = Bench::new();
    let words = [
        "render",
        "--content",
        "photo.png",
        "--style",
        "style.png",
        "--size",
        "64",
        "--iterations",
        "2",
        "--preset",
        "gatys",
        "--quiet",
    ];
    assert!(bench.run(&[&words[..], &["--output", "favourite.png"]].concat()).status.success());
    let from_it = ["--init", "favourite.png", "--output", "again.png", "--trace", "trace.jsonl"];
    let output = bench.run(&[&words[..], &from_it].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    // The recipe that travels in the favourite is of no account, its pixels are: they are where the painting begins.
    let first = trace_lines(&bench.path("trace.jsonl"))[0]["loss"].as_f64().unwrap();
    let words = ["score", "--content", "photo.png", "--style", "style.png", "--image", "favourite.png", "--size", "64"];
    let scored: serde_json::Value = serde_json::from_slice(&bench.run(&words).stdout).unwrap();
    let scored = scored["loss"].as_f64().unwrap();
    assert!((first / scored - 1.0).abs() < 1e-6, "begins at {first}, the favourite scores {scored}");
    let record = read_record(&bench.path("again.png")).unwrap().unwrap();
    assert!(record.recipe.init.to_string().ends_with("favourite.png"));
}

#[test]
fn settings_are_taken_from_a_painting_or_a_preset() {
    let bench = Bench::new();
    let run = |words: &[&str]| {
        let pictures = ["render", "-q", "--content", "photo.png", "--style", "style.png", "--size", "32"];
        let output = bench.run(&[&pictures[..], words].concat());
        assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
    };
    let recipe = |name: &str| read_record(&bench.path(name)).unwrap().unwrap().recipe;
    run(&["--preset", "bold", "--tv", "3", "--iterations", "2", "-o", "first.png"]);
    run(&["--settings", "first.png", "--iterations", "1", "-o", "second.png"]);
    assert_eq!(recipe("second.png"), Recipe { iterations: 1, ..recipe("first.png") });
    let kept = Recipe { histogram: 0.5, iterations: 1, ..Recipe::default() };
    write_settings(&kept, &mut fs::File::create(bench.path("mine.json")).unwrap()).unwrap();
    run(&["--settings", "mine.json", "-o", "third.png"]);
    assert_eq!(recipe("third.png").histogram, 0.5);

    fails(&bench, &["render", "--settings", "photo.png"], 1, &["photo.png", "holds no settings"]);
    fails(&bench, &["render", "--settings", "gone.json"], 1, &["gone.json"]);
    fs::write(bench.path("cut.json"), "{\"pentimento_preset\": 1,").unwrap();
    fails(&bench, &["render", "--settings", "cut.json"], 1, &["cut.json", "holds no settings"]);
    fails(&bench, &["render", "--settings", "mine.json", "--preset", "bold"], 2, &["--settings", "--preset"]);
}

#[test]
fn weights_that_are_none_are_named() {
    let bench = Bench::new();
    fs::write(bench.path("weights.safetensors"), "not weights").unwrap();
    let words = ["render", "--content", "photo.png", "--style", "style.png", "--output", "out.png", "--weights"];
    fails(&bench, &[&words[..], &["weights.safetensors"]].concat(), 1, &["weights.safetensors"]);
    fails(&bench, &[&words[..], &["missing.pth"]].concat(), 1, &["missing.pth"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_the_picture() {
    let bench = Bench::new();
    let mut child = bench
        .command(&["render", "--content", "photo.png", "--style", "style.png", "--size", "64"])
        .args(["--iterations", "100000", "--trace", "trace.jsonl", "--output", "out.png", "--quiet"])
        .spawn()
        .unwrap();
    // Painting has begun once the trace has a line; a program that ends instead is noticed, so this ends either way.
    while trace_lines(&bench.path("trace.jsonl")).is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "the program ended before it painted");
        std::thread::yield_now();
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let record = read_record(&bench.path("out.png")).unwrap().unwrap();
    assert!((1..100_000).contains(&record.iteration));
    assert_eq!(bench.names(), ["out.png", "photo.png", "style.png", "trace.jsonl"]);
}

fn trace_lines(path: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
