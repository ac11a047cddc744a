//! `pentimento render` of several photos: one after another, whatever becomes of each.

use std::path::{Path, PathBuf};

use super::CliError;
use super::args::RenderArgs;
use super::output::Output;
use super::render::{Easel, Ended, load};
use super::report::Report;
use crate::image_io;
use crate::recipe::{PictureSource, Recipe};

/// Names of files that are taken for pictures where a whole folder is given.
const EXTENSIONS: [&str; 8] = ["png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp", "gif"];

/// The photos that these paths name: a folder stands for the pictures in it, in the order of their names, without those that
/// this program has painted.
///
/// # Errors
/// When a folder cannot be read or has no photo in it.
pub fn photos(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let mut photos = Vec::with_capacity(paths.len());
    for path in paths {
        if path.is_dir() {
            photos.extend(pictures_in(path)?);
        } else {
            photos.push(path.clone());
        }
    }
    Ok(photos)
}

fn pictures_in(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let unreadable = |error| CliError::Failed(format!("{}: this folder cannot be read ({error})", folder.display()));
    let mut pictures = Vec::new();
    for entry in folder.read_dir().map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_lowercase);
        let is_picture = extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str())) && path.is_file();
        // A folder may hold what was painted of its photos before. A file that cannot be read is told when its turn comes.
        if is_picture && !matches!(image_io::read_record(&path), Ok(Some(_))) {
            pictures.push(path);
        }
    }
    pictures.sort();
    if pictures.is_empty() {
        return Err(CliError::Failed(format!("{}: there is no photo in this folder", folder.display())));
    }
    Ok(pictures)
}

/// Paints each of `recipes`, which differ in their photo, into a folder.
pub fn run(args: &RenderArgs, recipes: Vec<Recipe>) -> Result<(), CliError> {
    for (option, path) in [("--trace", &args.run.trace), ("--film", &args.run.film)] {
        if path.is_some() {
            return Err(CliError::Usage(format!("{option} is for one photo, and {} are given", recipes.len())));
        }
    }
    let folder = args.output.as_deref().unwrap_or_else(|| Path::new(""));
    if args.output.is_some() && !folder.is_dir() {
        let what = "several photos need a folder that is there";
        return Err(CliError::Usage(format!("--output {}: {what}", folder.display())));
    }
    for recipe in &recipes {
        // What is not there is found out before hours have gone by.
        if let PictureSource::File(path) = &recipe.content
            && !path.exists()
        {
            return Err(CliError::Failed(format!("{}: there is no such file; check its name", path.display())));
        }
    }
    let easel = Easel::new(&args.run)?;
    let (count, report) = (recipes.len(), Report::new(args.run.quiet, 0));
    let mut failed = 0;
    for (index, recipe) in recipes.into_iter().enumerate() {
        report.say(&format!("photo {} of {count}: {}", index + 1, recipe.content));
        let painted = Output::named_in(folder, &recipe, args.run.depth)
            .and_then(|output| easel.paint(load(recipe)?, output, &args.run, None, Report::new(args.run.quiet, 0)));
        match painted {
            Ok(Ended::AtItsEnd) => {}
            Ok(Ended::Stopped) => {
                report.say(&format!("{} of {count} photos were not begun", count - index - 1));
                break;
            }
            Err(error) if easel.stop.is_raised() && index == 0 => return Err(error),
            // Of this one there is nothing yet; those before it are there.
            Err(_) if easel.stop.is_raised() => {
                report.say(&format!("stopped; {} of {count} photos were not begun", count - index));
                break;
            }
            Err(error) => {
                failed += 1;
                report.trouble(&error);
            }
        }
    }
    match failed {
        0 => Ok(()),
        _ => Err(CliError::Failed(format!("{failed} of {count} photos could not be painted, as told above"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stands_for_its_pictures() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["b.JPG", "a.png", "notes.txt", "c"] {
            std::fs::write(path(name), "").unwrap();
        }
        std::fs::create_dir(path("more.png")).unwrap();
        let painting = image::RgbaImage::new(2, 2);
        let record = image_io::PaintingRecord::new(Recipe::default(), 7);
        image_io::save_picture(&path("a-in-starry-night.png"), &painting, Some(&record)).unwrap();
        assert_eq!(photos(&[folder.path().to_owned()]).unwrap(), [path("a.png"), path("b.JPG")]);
        // Whatever is named itself is meant, be it what it may.
        assert_eq!(photos(&[path("c"), path("missing.png")]).unwrap(), [path("c"), path("missing.png")]);
        let error = photos(&[path("more.png")]).unwrap_err().to_string();
        assert!(error.contains("more.png: there is no photo"), "{error}");
    }
}
