//! What can go wrong with a picture, each in one sentence that names the file and says what to do.

use std::io;
use std::path::{Path, PathBuf};

use super::WriteError;

/// An error of reading or writing a picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// Nothing of that name.
    #[error("{}: there is no such file; check its name and folder", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A folder where a picture was expected.
    #[error("{}: this is a folder, not a picture; choose a file inside it", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// A pipe, a device or the like.
    #[error("{}: this is not an ordinary file; save the picture to disk first", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The system does not let us read it.
    #[error("{}: reading this file is not permitted; change its permissions or choose another", path.display())]
    Denied {
        /// The file.
        path: PathBuf,
    },
    /// Reading failed for another reason.
    #[error("{}: the file cannot be read ({source}); check the disk or copy the file elsewhere", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No bytes.
    #[error("{}: the file is empty; get a fresh copy of it", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Bytes of no known picture format.
    #[error("{}: this is not a picture; choose a PNG, JPEG, WebP, TIFF, BMP or GIF file", path.display())]
    NotAPicture {
        /// The file.
        path: PathBuf,
    },
    /// A picture, but of a kind that cannot be decoded.
    #[error("{}: {kind} cannot be opened; convert the picture to PNG or JPEG first", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The format or feature in words.
        kind: String,
    },
    /// A picture that stops too early or contradicts itself.
    #[error("{}: the picture is damaged or cut short; get a fresh copy of it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the decoder found, in its own words: for the log, they would not help an artist.
        detail: String,
    },
    /// More pixels than can reasonably be held in memory.
    #[error("{}: the picture is too large to open ({detail}); make it smaller with another program first", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size and the limit.
        detail: String,
    },
    /// A sample that is not bundled.
    #[error("there is no sample picture named \"{name}\"; choose one of: {known}")]
    UnknownSample {
        /// The name as given.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A file name whose extension is not one of the formats that can be written.
    #[error("{}: a painting is saved as PNG, JPEG, WebP or TIFF; end the name in .png, .jpg, .webp or .tif", path.display())]
    UnknownExtension {
        /// The file.
        path: PathBuf,
    },
    /// A file name that is not a film's.
    #[error("{}: a film is saved as GIF; end the name in .gif", path.display())]
    NotAFilm {
        /// The file.
        path: PathBuf,
    },
    /// A format with 8 bits a channel where 16 were asked for.
    #[error("{}: {format} has room for 8 bits a channel only; end the name in .png or .tif to have 16", path.display())]
    Shallow {
        /// The file.
        path: PathBuf,
        /// The format.
        format: &'static str,
    },
    /// The format cannot hold this picture.
    #[error("{}: the painting cannot be stored in this format ({detail}); save it as PNG", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A painting whose recipe makes no sense to this version.
    #[error("{}: the recipe inside this painting cannot be used ({detail}); the picture itself can still be opened", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
}

impl PictureError {
    /// Sorts an error of the system into the sentence that fits it.
    pub(super) fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            // A file where a folder was expected in the middle of the path is a missing file to an artist.
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing { path },
            io::ErrorKind::IsADirectory => Self::Folder { path },
            io::ErrorKind::PermissionDenied => Self::Denied { path },
            _ => Self::Io { path, source },
        }
    }
}
