//! Where a painting goes: decided and tried before painting, because afterwards is too late to learn of a typo.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::CliError;
use crate::image_io::{PaintingFormat, Picture, is_painted_with, try_writing};
use crate::recipe::{Depth, PictureSource, Recipe};

/// A place that a painting can be written to.
#[derive(Debug)]
pub enum Output {
    /// The file that was asked for; one that is there is replaced.
    Asked(PathBuf),
    /// A name made from those of the pictures, in the current folder; never that of another file.
    Named(OsString),
}

impl Output {
    /// Decides, and makes sure that the folder takes a file and the extension is that of a format which holds `depth`.
    pub fn new(asked: Option<&Path>, default_stem: OsString, depth: Depth) -> Result<Self, CliError> {
        let output = match asked {
            Some(path) => Self::Asked(path.to_owned()),
            None => Self::Named(default_stem),
        };
        let path = output.path();
        PaintingFormat::of_path_for(&path, depth)?;
        try_writing(&path)?;
        Ok(output)
    }

    /// Makes sure that none of the pictures that are painted with is written over, neither at the end nor after every so many
    /// iterations.
    pub fn spare(&self, recipe: &Recipe, save_every: Option<u32>) -> Result<(), CliError> {
        let Self::Asked(path) = self else { return Ok(()) };
        spare(path, recipe, "--output")?;
        let Some(every) = save_every else { return Ok(()) };
        let mut saved = (every..=recipe.iterations).step_by(every as usize);
        saved.try_for_each(|iterations| spare(&self.path_after(iterations), recipe, "--output"))
    }

    /// `CONTENT-in-STYLE` in a folder.
    pub fn named_in(folder: &Path, recipe: &Recipe, depth: Depth) -> Result<Self, CliError> {
        Self::new(None, folder.join(default_stem(recipe)).into_os_string(), depth)
    }

    /// The file to write now.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Asked(path) => path.clone(),
            Self::Named(stem) => free_name(stem),
        }
    }

    /// The file to write the canvas after so many iterations to: the same name with their number.
    pub fn path_after(&self, iterations: u32) -> PathBuf {
        let numbered = |stem: &OsStr| {
            let mut name = stem.to_owned();
            name.push(format!("-{iterations:05}"));
            name
        };
        match self {
            Self::Asked(path) => {
                let mut name = numbered(path.file_stem().unwrap_or_default());
                if let Some(extension) = path.extension() {
                    name.push(".");
                    name.push(extension);
                }
                path.with_file_name(name)
            }
            Self::Named(stem) => free_name(&numbered(stem)),
        }
    }

    /// What this format will not keep of a painting of `photo`, in a sentence.
    pub fn loss(&self, photo: &Picture) -> Option<String> {
        let path = self.path();
        let format = PaintingFormat::of_path(&path).ok().filter(|format| !format.holds_transparency())?;
        photo.has_transparency().then(|| {
            format!("{}: {} holds no transparency, so the painting will lie over white", path.display(), format.label())
        })
    }
}

/// Makes sure that a file that an option names is none of the pictures that are painted with.
pub fn spare(path: &Path, recipe: &Recipe, option: &str) -> Result<(), CliError> {
    if is_painted_with(path, recipe) {
        let text = format!("{} is painted with and would be written over; choose another {option}", path.display());
        return Err(CliError::Failed(text));
    }
    Ok(())
}

/// `CONTENT-in-STYLE`.
pub fn default_stem(recipe: &Recipe) -> OsString {
    let stem = |picture: &PictureSource| match picture {
        PictureSource::Sample(name) => OsString::from(name),
        PictureSource::File(path) => path.file_stem().unwrap_or(path.as_os_str()).to_owned(),
    };
    let mut name = stem(&recipe.content);
    for (index, style) in recipe.styles.iter().enumerate() {
        name.push(if index == 0 { "-in-" } else { "-and-" });
        name.push(stem(&style.picture));
    }
    shortened(name)
}

/// At most as long as leaves room, in the 255 bytes of most file systems, for numbers and an extension.
fn shortened(name: OsString) -> OsString {
    const MOST_BYTES: usize = 200;
    if name.len() <= MOST_BYTES {
        return name;
    }
    let text = name.to_string_lossy();
    text[..text.floor_char_boundary(MOST_BYTES)].into()
}

/// `stem.png`, or `stem-2.png`, `stem-3.png` … where that is taken.
fn free_name(stem: &OsString) -> PathBuf {
    let named = |suffix: &str| {
        let mut name = stem.clone();
        name.push(suffix);
        PathBuf::from(name)
    };
    let mut path = named(".png");
    let mut number = 2;
    while path.symlink_metadata().is_ok() {
        path = named(&format!("-{number}.png"));
        number += 1;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::StyleSource;

    #[test]
    fn the_default_name_tells_what_is_in_it() {
        let file = |path: &str| PictureSource::File(PathBuf::from(path));
        let style = |path| StyleSource::new(file(path));
        let recipe = Recipe {
            content: file("/photos/my cat.v2.jpg"),
            styles: vec![style("/a/wave.png"), style("/b/oil")],
            ..Recipe::default()
        };
        assert_eq!(default_stem(&recipe), "my cat.v2-in-wave-and-oil");
        assert_eq!(default_stem(&Recipe::default()), "neuschwanstein-castle-in-starry-night");
        let long = Recipe { styles: vec![style(&"ä".repeat(99)); 5], ..recipe };
        let stem = default_stem(&long).into_string().unwrap();
        assert!(stem.starts_with("my cat.v2-in-ää") && (199..=200).contains(&stem.len()), "{stem}");
    }

    #[test]
    fn a_taken_name_gets_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let stem = folder.path().join("a-in-b").into_os_string();
        for name in ["a-in-b.png", "a-in-b-2.png", "a-in-b-3.png"] {
            let path = free_name(&stem);
            assert_eq!(path, folder.path().join(name));
            std::fs::write(path, "").unwrap();
        }
    }

    #[test]
    fn a_canvas_on_the_way_has_its_number_in_the_name() {
        let folder = tempfile::tempdir().unwrap();
        let asked = Output::Asked(folder.path().join("my.cat.tiff"));
        assert_eq!(asked.path_after(50), folder.path().join("my.cat-00050.tiff"));
        let named = Output::Named(folder.path().join("a-in-b").into_os_string());
        let path = named.path_after(1250);
        assert_eq!(path, folder.path().join("a-in-b-01250.png"));
        std::fs::write(path, "").unwrap();
        assert_eq!(named.path_after(1250), folder.path().join("a-in-b-01250-2.png"));
    }

    #[test]
    fn a_place_that_takes_no_file_is_found_out_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let problem = |name: &str, depth| {
            Output::new(Some(&folder.path().join(name)), OsString::new(), depth).unwrap_err().to_string()
        };
        std::fs::create_dir(folder.path().join("folder.png")).unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        assert!(problem("folder.png", Depth::Eight).contains("folder.png: this is a folder"));
        assert!(problem("missing/a.png", Depth::Eight).contains("its folder does not exist"));
        assert!(problem("file/a.png", Depth::Eight).contains("its folder does not exist"));
        assert!(problem("a.xyz", Depth::Eight).contains("a.xyz"));
        assert!(problem("a.jpg", Depth::Sixteen).contains("8 bits"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
    }
}
