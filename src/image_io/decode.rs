//! Bytes to pixels: any supported format, within limits, upright and in sRGB.

use std::error::Error;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::{PictureError, alpha, cmyk, colour, tiff_file};

/// A file larger than this is not read into memory.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// A picture that needs more memory than this once decoded is refused: 1 GiB is 350 megapixels with 8 bits a channel.
const MAX_DECODED_BYTES: u64 = 1 << 30;

/// Reads a whole file, having made sure that it is one.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, PictureError> {
    let (file, length_bytes) = open_file(path)?;
    if length_bytes > MAX_FILE_BYTES {
        let detail = format!("{} MB on disk, the limit is {}", length_bytes >> 20, MAX_FILE_BYTES >> 20);
        return Err(PictureError::TooLarge { path: path.to_path_buf(), detail });
    }
    let mut bytes = Vec::with_capacity(length_bytes as usize);
    // The length may have grown since it was asked for.
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).map_err(|source| PictureError::from_io(path, source))?;
    Ok(bytes)
}

/// Opens an ordinary file for reading and tells its length.
pub(super) fn open_file(path: &Path) -> Result<(File, u64), PictureError> {
    // Asked before opening: opening a pipe would wait for its other end.
    let metadata = path.metadata().map_err(|source| PictureError::from_io(path, source))?;
    if metadata.is_dir() {
        return Err(PictureError::Folder { path: path.to_path_buf() });
    }
    if !metadata.is_file() {
        return Err(PictureError::NotAFile { path: path.to_path_buf() });
    }
    let file = File::open(path).map_err(|source| PictureError::from_io(path, source))?;
    Ok((file, metadata.len()))
}

/// What is in a file.
#[derive(Debug)]
pub(super) struct Decoded {
    /// The picture, upright and in sRGB.
    pub image: DynamicImage,
    /// It has a colour profile that could not be used.
    pub profile_unused: bool,
}

/// Decodes `bytes`; `path` names them in errors. The content decides the format: extensions lie.
pub(super) fn decode(bytes: &[u8], path: &Path) -> Result<Decoded, PictureError> {
    if bytes.is_empty() {
        return Err(PictureError::Empty { path: path.to_path_buf() });
    }
    let Ok(format) = image::guess_format(bytes) else {
        return Err(unknown_format(bytes, path));
    };
    let format_name = format.extensions_str().first().copied().unwrap_or_default().to_uppercase();
    if !format.reading_enabled() {
        let kind = format!("a picture in {format_name} format");
        return Err(PictureError::Unsupported { path: path.to_path_buf(), kind });
    }
    let sort = |error| sort_error(error, &format_name, path);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits());
    let mut decoder = reader.into_decoder().map_err(sort)?;
    let (width, height) = decoder.dimensions();
    if decoder.total_bytes() > MAX_DECODED_BYTES {
        let detail = format!("{width} x {height} pixels need more than {} MB", MAX_DECODED_BYTES >> 20);
        return Err(PictureError::TooLarge { path: path.to_path_buf(), detail });
    }
    if format == ImageFormat::Jpeg && !jpeg_has_its_end(bytes) {
        return Err(PictureError::Damaged { path: path.to_path_buf(), detail: "its end is missing".to_owned() });
    }
    // Unreadable metadata is no reason to refuse readable pixels.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let icc = match format {
        ImageFormat::Tiff => tiff_file::icc_profile(bytes),
        _ => decoder.icc_profile().ok().flatten(),
    };
    if let Some(icc) = &icc
        && let Some(mut image) = cmyk::to_srgb(bytes, format, icc, 2 * MAX_DECODED_BYTES)
    {
        image.apply_orientation(orientation);
        return Ok(Decoded { image, profile_unused: false });
    }
    let mut image = DynamicImage::from_decoder(decoder).map_err(sort)?;
    // Nothing later knows floating point, and 16 bits are as fine as any screen or print.
    image = match image {
        DynamicImage::ImageRgb32F(_) => image.into_rgb16().into(),
        DynamicImage::ImageRgba32F(_) => image.into_rgba16().into(),
        image => image,
    };
    if format == ImageFormat::Tiff && tiff_file::is_premultiplied(bytes) {
        alpha::unpremultiply(&mut image);
    }
    let mut profile_unused = false;
    if let Some(icc) = icc {
        let (converted, used) = colour::to_srgb(image, &icc);
        (image, profile_unused) = (converted, !used);
    }
    image.apply_orientation(orientation);
    Ok(Decoded { image, profile_unused })
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    // Decoders may need working memory beside the pixels themselves.
    limits.max_alloc = Some(2 * MAX_DECODED_BYTES);
    limits
}

/// The JPEG decoder fills what is missing with grey. A painting with a grey lower half is lost work, so we look for
/// the end marker ourselves: inside the compressed data its bytes cannot occur, and what comes before that data (an
/// embedded preview, say) does not count.
fn jpeg_has_its_end(bytes: &[u8]) -> bool {
    const START_OF_SCAN: u8 = 0xDA;
    const END_OF_IMAGE: [u8; 2] = [0xFF, 0xD9];
    let mut rest = &bytes[2.min(bytes.len())..];
    // Segments are FF, marker, 16-bit length that counts itself; FF may be repeated as padding.
    while let [0xFF, marker, after @ ..] = rest {
        match (marker, after) {
            (0xFF, _) => rest = &rest[1..],
            (&START_OF_SCAN, _) => return after.windows(2).any(|pair| pair == END_OF_IMAGE),
            (_, [high, low, ..]) => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                rest = after.get(length..).unwrap_or_default();
            }
            _ => return false,
        }
    }
    // No scan found where one should be: let the decoder judge.
    true
}

/// The sentence for bytes whose format the decoders do not know. Some that an artist is likely to have are named.
fn unknown_format(bytes: &[u8], path: &Path) -> PictureError {
    let path = path.to_path_buf();
    let kind = match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', b'h' | b'm', b'e' | b'i', ..] => "an HEIC picture",
        [_, _, _, _, b'f', b't', b'y', b'p', b'c', b'r', b'x', ..] => "a camera raw picture",
        [0xFF, 0x0A, ..] | [0, 0, 0, 0x0C, b'J', b'X', b'L', b' ', ..] => "a JPEG XL picture",
        [0, 0, 0, 0x0C, b'j', b'P', b' ', b' ', ..] => "a JPEG 2000 picture",
        [b'8', b'B', b'P', b'S', ..] => "a Photoshop document",
        [b'g', b'i', b'm', b'p', b' ', b'x', b'c', b'f', ..] => "a GIMP document",
        [b'%', b'P', b'D', b'F', ..] => "a PDF document",
        _ if bytes.starts_with(b"<svg") || (bytes.starts_with(b"<?xml") && contains(bytes, b"<svg")) => {
            "an SVG drawing"
        }
        _ => return PictureError::NotAPicture { path },
    };
    PictureError::Unsupported { path, kind: kind.to_owned() }
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes[..bytes.len().min(4096)].windows(needle.len()).any(|window| window == needle)
}

fn sort_error(error: ImageError, format_name: &str, path: &Path) -> PictureError {
    let path = path.to_path_buf();
    match error {
        ImageError::Unsupported(error) => {
            log::info!("{}: {error}", path.display());
            PictureError::Unsupported { path, kind: format!("this kind of {format_name} picture") }
        }
        ImageError::Limits(error) => {
            log::info!("{}: {error}", path.display());
            PictureError::TooLarge { path, detail: format!("it needs more than {} MB", MAX_DECODED_BYTES >> 20) }
        }
        ImageError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            PictureError::Damaged { path, detail: "its end is missing".to_owned() }
        }
        error => {
            let detail = innermost(&error);
            log::info!("{}: {detail}", path.display());
            PictureError::Damaged { path, detail }
        }
    }
}

/// The root cause, without the wrappers' repetitions, on one line.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut root = error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string().split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(bytes: &[u8]) -> String {
        decode(bytes, Path::new("holiday.jpg")).unwrap_err().to_string()
    }

    #[test]
    fn formats_that_artists_have_are_named() {
        assert!(sentence(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic").contains("HEIC"));
        assert!(sentence(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic").contains("HEIC"));
        assert!(sentence(b"8BPS\0\x01").contains("Photoshop"));
        assert!(sentence(b"<?xml version='1.0'?>\n<svg xmlns='x'/>").contains("SVG"));
        assert!(sentence(b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf").contains("AVIF"));
        assert_eq!(
            sentence(b"Dear diary"),
            "holiday.jpg: this is not a picture; choose a PNG, JPEG, WebP, TIFF, BMP or GIF file"
        );
    }

    #[test]
    fn the_end_of_a_jpeg_is_looked_for_behind_its_start_of_scan() {
        let head = [0xFF, 0xD8, 0xFF, 0xE1, 0, 6, 0xFF, 0xD9, 1, 2];
        let scan = [0xFF, 0xDA, 0, 3, 7, 0x12, 0x34];
        let end = [0xFF, 0xD9];
        assert!(jpeg_has_its_end(&[&head[..], &scan, &end].concat()));
        assert!(jpeg_has_its_end(&[&head[..], &[0xFF], &scan, &end, b"trailer"].concat()));
        assert!(!jpeg_has_its_end(&[&head[..], &scan].concat()), "the preview's end marker does not count");
        assert!(!jpeg_has_its_end(&head[..4]));
    }
}
