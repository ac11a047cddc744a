//! Pictures in printing inks, cyan, magenta, yellow and black, that bring the profile of their press along.
//!
//! Decoders turn inks to RGB by a rule of thumb, paper minus ink, which is far too vivid. With a profile they are asked for
//! the inks themselves.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat};
use moxcms::{ColorProfile, DataColorSpace};
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::{PlanarConfiguration, Tag};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::colour;

/// Interleaved inks of a picture: 0 is none, the largest value all there can be.
#[derive(Debug, PartialEq)]
pub(super) enum Inks {
    Eight(Vec<u8>),
    Sixteen(Vec<u16>),
}

/// The picture in sRGB, if it is in inks and `icc` is the profile of a press. One that cannot be read in this way is left
/// to the usual decoder, whose error is better than none.
pub(super) fn to_srgb(bytes: &[u8], format: ImageFormat, icc: &[u8], max_bytes: u64) -> Option<DynamicImage> {
    let press = ColorProfile::new_from_slice(icc).ok().filter(|profile| profile.color_space == DataColorSpace::Cmyk)?;
    let (size, inks) = match format {
        ImageFormat::Jpeg => of_jpeg(bytes),
        ImageFormat::Tiff => of_tiff(bytes, max_bytes),
        _ => None,
    }?;
    colour::of_inks(size, &inks, &press).ok()
}

/// In JPEG files inks are stored the other way round (Adobe Technical Note 5116: 255 is none), and as they are or, like
/// colours, as luma and chroma beside the black.
fn of_jpeg(bytes: &[u8]) -> Option<((u32, u32), Inks)> {
    let options = DecoderOptions::default().set_strict_mode(false).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().ok()?;
    let space = decoder.input_colorspace().filter(|space| matches!(space, ColorSpace::CMYK | ColorSpace::YCCK))?;
    decoder.set_options(decoder.options().jpeg_set_out_colorspace(space));
    let mut inks = decoder.decode().ok()?;
    let (width, height) = decoder.dimensions()?;
    for pixel in inks.as_chunks_mut::<4>().0 {
        let [a, b, c, black] = *pixel;
        // Luma and chroma speak of what is stored turned once more, which is the inks.
        let [cyan, magenta, yellow] =
            if space == ColorSpace::YCCK { of_luma([a, b, c]) } else { [a, b, c].map(|v| !v) };
        *pixel = [cyan, magenta, yellow, !black];
    }
    Some(((u32::try_from(width).ok()?, u32::try_from(height).ok()?), Inks::Eight(inks)))
}

/// Red, green and blue of luma and chroma (ITU-T T.871, 7).
fn of_luma(pixel: [u8; 3]) -> [u8; 3] {
    let [y, cb, cr] = pixel.map(f32::from);
    let (cb, cr) = (cb - 128.0, cr - 128.0);
    // `as` clamps.
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb].map(|value| value.round() as u8)
}

fn of_tiff(bytes: &[u8], max_bytes: u64) -> Option<((u32, u32), Inks)> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = usize::try_from(max_bytes).ok()?;
    limits.intermediate_buffer_size = limits.decoding_buffer_size;
    let mut decoder = Decoder::new(Cursor::new(bytes)).ok()?.with_limits(limits);
    let planar = decoder.find_tag_unsigned::<u16>(Tag::PlanarConfiguration).ok()?;
    if planar.is_some_and(|planar| planar != PlanarConfiguration::Chunky.to_u16()) {
        return None;
    }
    let size = decoder.dimensions().ok()?;
    let inks = match (decoder.colortype().ok()?, decoder.read_image().ok()?) {
        (tiff::ColorType::CMYK(8), DecodingResult::U8(inks)) => Inks::Eight(inks),
        (tiff::ColorType::CMYK(16), DecodingResult::U16(inks)) => Inks::Sixteen(inks),
        _ => return None,
    };
    // Further channels, such as spot colours, would shift all that follow.
    let samples = size.0 as usize * size.1 as usize * 4;
    let found = match &inks {
        Inks::Eight(inks) => inks.len(),
        Inks::Sixteen(inks) => inks.len(),
    };
    (found == samples).then_some((size, inks))
}

#[cfg(test)]
mod tests {
    use tiff::encoder::TiffEncoder;
    use tiff::encoder::TiffValue;
    use tiff::encoder::colortype::{CMYK8, CMYK16, ColorType};

    use super::*;
    use crate::image_io::Picture;

    /// 16 x 16 pixels with inks of 200, 40, 90 and 30, written by Pillow 13 (`Image.new("CMYK", (16, 16), (200, 40, 90, 30))`,
    /// quality 95, optimised).
    const JPEG: &str = "ffd8ffee000e41646f626500640000000000ffdb0043000201010101010201010102020202020403020202020504040304060506060605060606070908060709070606080b08090a0a0a0a0a06080b0c0b0a0c090a0a0affc000140800100010044311004d11005911004b1100ffc400160001010100000000000000000000000000000908ffc40014100100000000000000000000000000000000ffda000e0443004d0059004b00003f009b6ab8d28b08000000ffd9";

    /// Profile of a press whose inks, alone and all of them, look like this (CIE Lab under D50); any others are grey.
    const PAPER: [f32; 3] = [100.0, 0.0, 0.0];
    const CYAN: [f32; 3] = [59.1, -10.8, -38.7];
    const MAGENTA: [f32; 3] = [52.2, 65.0, 4.6];
    const YELLOW: [f32; 3] = [88.8, -6.9, 72.9];
    const BLACK: [f32; 3] = [16.1, 0.0, 0.0];

    fn press() -> Vec<u8> {
        let mut table = b"mft1\0\0\0\0\x04\x03\x02\0".to_vec();
        for i in 0..9 {
            table.extend(if i % 4 == 0 { 0x1_0000u32 } else { 0 }.to_be_bytes());
        }
        let straight = || 0..=255u8;
        (0..4).for_each(|_| table.extend(straight()));
        for node in 0..16 {
            let [l, a, b] = match node {
                0b0000 => PAPER,
                0b1000 => CYAN,
                0b0100 => MAGENTA,
                0b0010 => YELLOW,
                0b0001 => BLACK,
                _ => [50.0, 0.0, 0.0],
            };
            table.extend([l * 2.55, a + 128.0, b + 128.0].map(|value: f32| value.round() as u8));
        }
        (0..3).for_each(|_| table.extend(straight()));

        let mut icc = vec![0u8; 128];
        icc[8] = 2;
        icc[12..24].copy_from_slice(b"prtrCMYKLab ");
        icc[36..40].copy_from_slice(b"acsp");
        for (i, value) in [0xF6D6u32, 0x1_0000, 0xD32D].into_iter().enumerate() {
            icc[68 + 4 * i..72 + 4 * i].copy_from_slice(&value.to_be_bytes());
        }
        for value in [1, u32::from_be_bytes(*b"A2B0"), 144, table.len() as u32] {
            icc.extend(value.to_be_bytes());
        }
        icc.extend(table);
        let length = icc.len() as u32;
        icc[..4].copy_from_slice(&length.to_be_bytes());
        icc
    }

    fn jpeg(transform: u8) -> Vec<u8> {
        let mut bytes: Vec<u8> = JPEG
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        let adobe = bytes.windows(5).position(|window| window == b"Adobe").unwrap();
        bytes[adobe + 11] = transform;
        bytes
    }

    /// With a profile as its second segment (ICC.1:2022, B.4).
    fn with_profile(jpeg: &[u8], icc: &[u8]) -> Vec<u8> {
        let length = (icc.len() + 16) as u16;
        let segment = [&[0xFF, 0xE2][..], &length.to_be_bytes(), b"ICC_PROFILE\0\x01\x01", icc].concat();
        [&jpeg[..2], &segment, &jpeg[2..]].concat()
    }

    fn tiff<C: ColorType>(inks: &[C::Inner], icc: &[u8]) -> Vec<u8>
    where
        [C::Inner]: TiffValue,
    {
        let mut bytes = Vec::new();
        let mut encoder = TiffEncoder::new(Cursor::new(&mut bytes)).unwrap();
        let mut image = encoder.new_image::<C>((inks.len() / 4) as u32, 1).unwrap();
        image.encoder().write_tag(Tag::IccProfile, icc).unwrap();
        image.write_data(inks).unwrap();
        bytes
    }

    fn colours(bytes: &[u8]) -> Vec<[u8; 3]> {
        let image = Picture::decode(bytes, "print").unwrap().to_rgba();
        image.pixels().map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
    }

    fn assert_close(found: [u8; 3], expected: [u8; 3]) {
        // The profile's numbers are rounded to a 255th.
        assert!(found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 4), "{found:?}, expected {expected:?}");
    }

    #[test]
    fn inks_look_as_on_their_press() {
        let alone = [[0u8; 4], [255, 0, 0, 0], [0, 255, 0, 0], [0, 0, 255, 0], [0, 0, 0, 255]];
        // Those of the Lab values, by the formulas of sRGB (IEC 61966-2-1), adapted from D50.
        let expected = [[255, 255, 255], [70, 150, 210], [220, 60, 120], [240, 225, 70], [40, 40, 40]];
        for (found, expected) in colours(&tiff::<CMYK8>(alone.as_flattened(), &press())).into_iter().zip(expected) {
            assert_close(found, expected);
        }
        let deep: Vec<u16> = alone.as_flattened().iter().map(|ink| u16::from(*ink) * 257).collect();
        let deep = tiff::<CMYK16>(&deep, &press());
        assert!(Picture::decode(&deep, "print").unwrap().to_rgba16().is_some(), "depth lost");
        for (found, expected) in colours(&deep).into_iter().zip(expected) {
            assert_close(found, expected);
        }
        // Without a profile, or with one that is of no use, as the decoder guesses.
        for icc in [&b"nonsense"[..], &press()[..200]] {
            assert_eq!(colours(&tiff::<CMYK8>(&alone[1], icc)), [[0, 255, 255]]);
        }
    }

    #[test]
    fn jpeg_stores_inks_the_other_way_round() {
        let ((width, height), Inks::Eight(inks)) = of_jpeg(&jpeg(0)).unwrap() else { panic!("JPEG has 8 bits") };
        assert_eq!((width, height, inks.len()), (16, 16, 1024));
        for (found, expected) in inks[..4].iter().zip([200u8, 40, 90, 30]) {
            assert!(found.abs_diff(expected) <= 2, "{inks:?}");
        }
        // Taken for luma and chroma, what is stored is 55, 215, 165.
        let (_, Inks::Eight(inks)) = of_jpeg(&jpeg(2)).unwrap() else { panic!("JPEG has 8 bits") };
        for (found, expected) in inks[..4].iter().zip([107u8, 0, 209, 30]) {
            assert!(found.abs_diff(expected) <= 3, "{:?}", &inks[..4]);
        }
    }

    #[test]
    fn a_jpeg_and_a_tiff_of_the_same_inks_look_the_same() {
        let of_tiff = colours(&tiff::<CMYK8>(&[200, 40, 90, 30], &press()));
        let of_jpeg = colours(&with_profile(&jpeg(0), &press()));
        assert_eq!(of_jpeg.len(), 256);
        assert_close(of_jpeg[37], of_tiff[0]);
        let guessed = colours(&jpeg(0))[37];
        assert!(guessed[0].abs_diff(of_tiff[0][0]) > 20, "{guessed:?} is what the profile says anyway");
        // Not a press: what the decoder guesses stays.
        let other = ColorProfile::new_display_p3().encode().unwrap();
        assert!(to_srgb(&with_profile(&jpeg(0), &other), ImageFormat::Jpeg, &other, 1 << 20).is_none());
        // No inks: the profile does not belong to these pixels.
        let rgb =
            crate::image_io::tiff_file::encode::<tiff::encoder::colortype::RGB8>(&[9; 3], (1, 1), false, &press());
        assert_eq!(colours(&rgb.unwrap()), [[9; 3]]);
    }
}
