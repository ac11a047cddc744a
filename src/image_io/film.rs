//! A painting's course as a film: an animated GIF, which every browser and messenger plays.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use image::codecs::gif::{GifEncoder, Repeat};
use image::imageops::{self, FilterType};
use image::{Delay, Frame, Rgba, RgbaImage};

use super::{Caption, PictureError, caption_below, fit_long_side, rgb_over_white, write_atomically};

/// Extension of a film's file.
pub const FILM_EXTENSION: &str = "gif";
/// Long side of a film at most, in pixels: a GIF takes about a byte for each of them in each frame.
pub const FILM_SIDE_PX: u32 = 480;
const FRAME_MS: u32 = 80;
/// How long the last frame stays before the film begins again.
const LAST_FRAME_MS: u32 = 2000;
/// Of the quantisation to 256 colours, 1 to 30, as `image` names it; beyond 10 colours are lost that are seen.
const SPEED: i32 = 10;

/// One picture of a film.
#[derive(Debug, Clone)]
pub struct FilmFrame<'a> {
    /// The picture.
    pub image: &'a RgbaImage,
    /// What is told below it: in each frame of a film, or in none.
    pub caption: Option<Caption>,
}

/// Whether the name is one that a film can have.
#[must_use]
pub fn is_film(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(FILM_EXTENSION))
}

/// Saves pictures of one shape as a film that repeats, as large as the last of them if it is not too large; what is
/// transparent lies over white. The file is whole or not there.
///
/// # Errors
/// When the name does not end in `.gif`, there is no frame, or the file cannot be written.
pub fn save_film(path: &Path, frames: &[FilmFrame<'_>]) -> Result<(), PictureError> {
    if !is_film(path) {
        return Err(PictureError::NotAFilm { path: path.to_path_buf() });
    }
    let bytes =
        encode(frames).map_err(|error| PictureError::Encode { path: path.to_path_buf(), detail: error.to_string() })?;
    write_atomically(path, |file| file.write_all(&bytes))?;
    Ok(())
}

fn encode(frames: &[FilmFrame<'_>]) -> Result<Vec<u8>, Box<dyn Error>> {
    let (last, before) = frames.split_last().ok_or("it has no frames")?;
    let size = match last.image.dimensions() {
        (width, height) if width.max(height) <= FILM_SIDE_PX => (width, height),
        (width, height) => fit_long_side(width, height, FILM_SIDE_PX),
    };
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, SPEED);
    encoder.set_repeat(Repeat::Infinite)?;
    for (frame, millis) in before.iter().map(|frame| (frame, FRAME_MS)).chain([(last, LAST_FRAME_MS)]) {
        let delay = Delay::from_numer_denom_ms(millis, 1);
        let mut picture = opaque(frame.image, size);
        if let Some(caption) = &frame.caption {
            picture = caption_below(&picture, caption);
        }
        encoder.encode_frame(Frame::from_parts(picture, 0, 0, delay))?;
    }
    drop(encoder);
    Ok(bytes)
}

fn opaque(frame: &RgbaImage, (width, height): (u32, u32)) -> RgbaImage {
    let mut opaque = frame.clone();
    for pixel in opaque.pixels_mut() {
        let [r, g, b] = rgb_over_white(pixel.0);
        *pixel = Rgba([r, g, b, u8::MAX]);
    }
    if opaque.dimensions() == (width, height) {
        return opaque;
    }
    imageops::resize(&opaque, width, height, FilterType::CatmullRom)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::BufReader;

    use image::AnimationDecoder;
    use image::codecs::gif::GifDecoder;

    use super::*;

    fn silent(image: &RgbaImage) -> FilmFrame<'_> {
        FilmFrame { image, caption: None }
    }

    #[test]
    fn a_film_shows_its_frames_in_order_at_the_size_of_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.gif");
        let small = RgbaImage::from_pixel(48, 32, Rgba([250, 10, 10, 255]));
        let clear = RgbaImage::from_pixel(68, 45, Rgba([0, 0, 0, 0]));
        let large = RgbaImage::from_pixel(960, 640, Rgba([10, 10, 250, 255]));
        save_film(&path, &[&small, &clear, &large].map(silent)).unwrap();
        let film = GifDecoder::new(BufReader::new(File::open(&path).unwrap())).unwrap();
        let frames = film.into_frames().collect_frames().unwrap();
        let middles: Vec<_> = frames.iter().map(|frame| frame.buffer().get_pixel(240, 160).0).collect();
        let near = |seen: [u8; 4], meant: [u8; 4]| seen.iter().zip(meant).all(|(&a, b)| a.abs_diff(b) <= 4);
        assert_eq!(middles.len(), 3);
        assert!(near(middles[0], [250, 10, 10, 255]), "{middles:?}");
        assert!(near(middles[1], [255, 255, 255, 255]), "{middles:?}");
        assert!(near(middles[2], [10, 10, 250, 255]), "{middles:?}");
        assert!(frames.iter().all(|frame| frame.buffer().dimensions() == (480, 320)));
        let millis: Vec<_> = frames.iter().map(|frame| frame.delay().numer_denom_ms()).collect();
        assert_eq!(millis, [(80, 1), (80, 1), (2000, 1)]);
    }

    #[test]
    fn nothing_is_written_under_another_name_or_without_frames() {
        let folder = tempfile::tempdir().unwrap();
        let frame = RgbaImage::new(4, 4);
        let error = save_film(&folder.path().join("film.mp4"), &[silent(&frame)]).unwrap_err().to_string();
        assert!(error.contains("film.mp4") && error.contains(".gif"), "{error}");
        assert!(save_film(&folder.path().join("film.gif"), &[]).is_err());
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
