//! The recipe that travels inside a saved painting.

use std::io::{BufReader, Read, Seek};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{PictureError, decode};
use crate::recipe::Recipe;

/// What a painting's PNG says about how it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaintingRecord {
    /// Version of this record, see [`PaintingRecord::VERSION`].
    pub version: u32,
    /// The recipe that painted it.
    pub recipe: Recipe,
    /// Iteration at which it was saved.
    pub iteration: u32,
}

/// Keyword of the iTXt chunk that holds the record as JSON.
pub(super) const KEYWORD: &str = "pentimento";

/// A record is about a thousand bytes; a file that claims more than this is not ours.
const MAX_RECORD_BYTES: usize = 1 << 20;

/// Memory that the PNG parser may use for the metadata of one file.
const MAX_PARSER_BYTES: usize = 64 << 20;

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

impl PaintingRecord {
    /// The version that this program writes. A reader accepts it and all older ones; what an older recipe lacked takes
    /// its default.
    pub const VERSION: u32 = 1;

    /// A record of the current version.
    #[must_use]
    pub fn new(recipe: Recipe, iteration: u32) -> Self {
        Self { version: Self::VERSION, recipe, iteration }
    }

    /// Parses and checks what a file claims; the reason for a refusal is in words.
    fn from_json(text: &str) -> Result<Self, String> {
        /// Read on its own first, so that a newer record is not mistaken for a broken one.
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let Version { version } = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if version > Self::VERSION {
            return Err(format!("a newer version of Pentimento made it, record version {version}"));
        }
        let record: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        record.recipe.validate().map_err(|error| error.to_string())?;
        Ok(record)
    }
}

/// Reads the record inside a painting. `None` for any file that holds none: another program's PNG, or another format.
///
/// Only what stands before the pixels is read, which is where [`super::save_picture`] puts the record; a large picture
/// costs no more than a small one.
///
/// # Errors
/// When the file cannot be read, is a damaged PNG, or holds a record that this version cannot use.
pub fn read_record(path: &Path) -> Result<Option<PaintingRecord>, PictureError> {
    let io = |source| PictureError::from_io(path, source);
    let (mut file, _) = decode::open_file(path)?;
    let mut signature = Vec::with_capacity(PNG_SIGNATURE.len());
    file.by_ref().take(PNG_SIGNATURE.len() as u64).read_to_end(&mut signature).map_err(io)?;
    if signature != PNG_SIGNATURE {
        return Ok(None);
    }
    file.rewind().map_err(io)?;
    let limits = png::Limits { bytes: MAX_PARSER_BYTES };
    let reader = png::Decoder::new_with_limits(BufReader::new(file), limits)
        .read_info()
        .map_err(|error| PictureError::Damaged { path: path.to_path_buf(), detail: decode::innermost(&error) })?;
    let Some(chunk) = reader.info().utf8_text.iter().find(|chunk| chunk.keyword == KEYWORD) else {
        return Ok(None);
    };
    let unusable = |detail| PictureError::Record { path: path.to_path_buf(), detail };
    let mut chunk = chunk.clone();
    chunk.decompress_text_with_limit(MAX_RECORD_BYTES).map_err(|error| unusable(error.to_string()))?;
    let text = chunk.get_text().map_err(|error| unusable(error.to_string()))?;
    PaintingRecord::from_json(&text).map(Some).map_err(unusable)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::PathBuf;

    use tempfile::TempDir;

    use super::*;

    /// A one-pixel PNG with this text under our keyword.
    fn png_that_says(folder: &TempDir, text: &str, compress: bool) -> PathBuf {
        let path = folder.path().join("painting.png");
        let mut encoder = png::Encoder::new(File::create(&path).unwrap(), 1, 1);
        encoder.set_color(png::ColorType::Grayscale);
        let mut writer = encoder.write_header().unwrap();
        let mut chunk = png::text_metadata::ITXtChunk::new(KEYWORD, text);
        if compress {
            chunk.compressed = true;
            chunk.compress_text().unwrap();
        }
        writer.write_text_chunk(&chunk).unwrap();
        writer.write_image_data(&[0]).unwrap();
        writer.finish().unwrap();
        path
    }

    fn refusal(text: &str) -> String {
        let folder = TempDir::new().unwrap();
        let sentence = read_record(&png_that_says(&folder, text, false)).unwrap_err().to_string();
        assert!(sentence.contains("painting.png: the recipe inside"), "{sentence}");
        sentence
    }

    #[test]
    fn a_record_is_read_back_whether_compressed_or_not() {
        let record = PaintingRecord::new(Recipe { tv: 3.25, ..Recipe::default() }, 42);
        let json = serde_json::to_string(&record).unwrap();
        let folder = TempDir::new().unwrap();
        for compress in [false, true] {
            assert_eq!(read_record(&png_that_says(&folder, &json, compress)).unwrap(), Some(record.clone()));
        }
    }

    #[test]
    fn foreign_words_under_our_keyword_are_refused_in_a_sentence() {
        refusal("");
        refusal("{");
        refusal("[]");
        refusal(r#"{"version": 1}"#);
        refusal(r#"{"version": -1, "recipe": {}, "iteration": 0}"#);
        assert!(refusal(r#"{"version": 1, "recipe": {"size": 4000000}, "iteration": 0}"#).contains("size is 4000000"));
        assert!(refusal(r#"{"version": 2, "how": "unknown"}"#).contains("newer version"));
        let deep = "[".repeat(500_000);
        refusal(&deep);
    }

    #[test]
    fn a_text_that_unpacks_without_end_is_refused() {
        let folder = TempDir::new().unwrap();
        let path = png_that_says(&folder, &" ".repeat(MAX_RECORD_BYTES + 1), true);
        assert!(path.metadata().unwrap().len() < 10_000);
        assert!(matches!(read_record(&path), Err(PictureError::Record { .. })));
    }

    #[test]
    fn files_without_a_record_have_none() {
        let folder = TempDir::new().unwrap();
        let text = folder.path().join("notes.txt");
        fs::write(&text, "PNG").unwrap();
        assert_eq!(read_record(&text).unwrap(), None);
        assert!(matches!(read_record(&folder.path().join("none.png")), Err(PictureError::Missing { .. })));
        assert!(matches!(read_record(folder.path()), Err(PictureError::Folder { .. })));
        let stump = folder.path().join("stump.png");
        fs::write(&stump, PNG_SIGNATURE).unwrap();
        assert!(matches!(read_record(&stump), Err(PictureError::Damaged { .. })));
    }
}
