//! What `image` does not do for TIFF files: say that their fourth channel is opacity, ask whether colours were multiplied
//! by it, and find a profile that is large beside the picture.

use std::io::Cursor;

use tiff::decoder::Decoder;
use tiff::encoder::colortype::ColorType;
use tiff::encoder::{TiffEncoder, TiffValue};
use tiff::tags::{ExtraSamples, Tag};
use tiff::{TiffError, TiffResult};

/// Writes interleaved samples of the three-channel colour type `C`, followed in each pixel by opacity if `has_alpha`.
///
/// The tag that tells what a further channel means is required by the standard (TIFF 6.0, ExtraSamples); without it
/// some programs take it for anything.
///
/// # Errors
/// When there are no pixels, or more bytes than a TIFF file can hold.
pub fn encode<C: ColorType>(
    samples: &[C::Inner],
    (width, height): (u32, u32),
    has_alpha: bool,
    icc: &[u8],
) -> Result<Vec<u8>, TiffError>
where
    [C::Inner]: TiffValue,
{
    let mut bytes = Vec::new();
    let mut encoder = TiffEncoder::new(Cursor::new(&mut bytes))?;
    let mut image = encoder.new_image::<C>(width, height)?;
    if has_alpha {
        image.extra_samples(&[ExtraSamples::UnassociatedAlpha])?;
    }
    image.encoder().write_tag(Tag::IccProfile, icc)?;
    image.write_data(samples)?;
    Ok(bytes)
}

/// Whether the colours were multiplied by their opacity ("associated alpha"), as several programs do. What cannot be
/// read has plain colours.
pub fn is_premultiplied(bytes: &[u8]) -> bool {
    let first_extra = || -> TiffResult<Option<u16>> {
        let meanings = Decoder::new(Cursor::new(bytes))?.find_tag(Tag::ExtraSamples)?;
        Ok(meanings.map(|tag| tag.into_u16_vec()).transpose()?.and_then(|list| list.first().copied()))
    };
    matches!(first_extra(), Ok(Some(meaning)) if meaning == ExtraSamples::AssociatedAlpha.to_u16())
}

/// The embedded ICC profile. `image` allows the entries of a file no more memory than its pixels take, and leaves out
/// profiles that go beyond it, 32 bytes for each of theirs.
pub fn icc_profile(bytes: &[u8]) -> Option<Vec<u8>> {
    let profile = || Decoder::new(Cursor::new(bytes))?.get_tag_u8_vec(Tag::IccProfile);
    profile().ok()
}

#[cfg(test)]
mod tests {
    use tiff::encoder::colortype::RGB8;

    use super::*;

    #[test]
    fn what_the_fourth_channel_means_is_written_and_read() {
        let mut plain = encode::<RGB8>(&[1, 2, 3, 4], (1, 1), true, &[0; 4]).unwrap();
        let mut decoder = Decoder::new(Cursor::new(&plain)).unwrap();
        assert_eq!(decoder.get_tag_u16_vec(Tag::ExtraSamples).unwrap(), [2]);
        assert_eq!(decoder.colortype().unwrap(), tiff::ColorType::RGBA(8));
        assert!(!is_premultiplied(&plain));
        // Tag 338, SHORT, one value: 2.
        let entry = plain.windows(10).position(|w| w == [0x52, 1, 3, 0, 1, 0, 0, 0, 2, 0]).unwrap();
        plain[entry + 8] = 1;
        assert!(is_premultiplied(&plain));
        assert!(!is_premultiplied(&encode::<RGB8>(&[1, 2, 3], (1, 1), false, &[0; 4]).unwrap()));
        assert!(!is_premultiplied(b"II*\0nonsense"));
    }

    #[test]
    fn a_profile_is_found_however_small_the_picture() {
        let profile: Vec<u8> = (0..100_000).map(|index| (index % 251) as u8).collect();
        let tiff = encode::<RGB8>(&[1, 2, 3], (1, 1), false, &profile).unwrap();
        assert_eq!(icc_profile(&tiff), Some(profile));
        assert_eq!(icc_profile(b"II*\0nonsense"), None);
    }
}
