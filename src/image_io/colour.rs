//! Embedded colour profiles: whatever a picture was encoded in becomes sRGB.

use image::{DynamicImage, ImageBuffer, Pixel, Primitive};
use moxcms::{CmsError, ColorProfile, DataColorSpace, Layout, TransformExecutor, TransformOptions};

use super::cmyk::Inks;

/// The profile that written pictures carry where their format has no shorter way of saying sRGB.
pub(super) fn srgb_profile() -> Result<Vec<u8>, CmsError> {
    let mut profile = ColorProfile::new_srgb();
    // As made there it speaks of video, with its narrower range of values.
    profile.cicp = None;
    let mut icc = profile.encode()?;
    // The encoder notes the time (ICC.1:2022, 7.2.1), but equal pictures shall be equal files.
    if let Some(created) = icc.get_mut(24..36) {
        created.copy_from_slice(&NEW_YEAR_2026);
    }
    Ok(icc)
}

/// Year, month, day, hour, minute and second as an ICC profile has them.
const NEW_YEAR_2026: [u8; 12] = [0x07, 0xea, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0];

/// Converts `image` from the ICC profile `icc` to sRGB, and tells whether it could be used.
///
/// A profile that is broken, or that does not belong to these pixels, is no reason to refuse a picture: it is then shown as
/// if it were sRGB.
pub(super) fn to_srgb(image: DynamicImage, icc: &[u8]) -> (DynamicImage, bool) {
    // What this program wrote comes back to the last bit.
    if srgb_profile().is_ok_and(|ours| ours == icc) {
        return (image, true);
    }
    match convert(&image, icc) {
        Ok(Some(converted)) => (converted, true),
        Ok(None) | Err(_) => (image, false),
    }
}

/// `None` where the profile describes another kind of pixels than these.
fn convert(image: &DynamicImage, icc: &[u8]) -> Result<Option<DynamicImage>, CmsError> {
    use DynamicImage::{
        ImageLuma8, ImageLuma16, ImageLumaA8, ImageLumaA16, ImageRgb8, ImageRgb16, ImageRgba8, ImageRgba16,
    };
    let profile = ColorProfile::new_from_slice(icc)?;
    // Some programs give grey pictures the profile of coloured ones.
    let coloured = (profile.color_space == DataColorSpace::Rgb && !image.color().has_color()).then(|| in_colour(image));
    let image = coloured.as_ref().unwrap_or(image);
    let srgb = ColorProfile::new_srgb();
    let eight = |from, to| profile.create_transform_8bit(from, &srgb, to, TransformOptions::default());
    let sixteen = |from, to| profile.create_transform_16bit(from, &srgb, to, TransformOptions::default());
    Ok(match (profile.color_space, image) {
        (DataColorSpace::Rgb, ImageRgb8(i)) => apply(i, &*eight(Layout::Rgb, Layout::Rgb)?)?.map(ImageRgb8),
        (DataColorSpace::Rgb, ImageRgba8(i)) => apply(i, &*eight(Layout::Rgba, Layout::Rgba)?)?.map(ImageRgba8),
        (DataColorSpace::Rgb, ImageRgb16(i)) => apply(i, &*sixteen(Layout::Rgb, Layout::Rgb)?)?.map(ImageRgb16),
        (DataColorSpace::Rgb, ImageRgba16(i)) => apply(i, &*sixteen(Layout::Rgba, Layout::Rgba)?)?.map(ImageRgba16),
        (DataColorSpace::Gray, ImageLuma8(i)) => apply(i, &*eight(Layout::Gray, Layout::Rgb)?)?.map(ImageRgb8),
        (DataColorSpace::Gray, ImageLumaA8(i)) => apply(i, &*eight(Layout::GrayAlpha, Layout::Rgba)?)?.map(ImageRgba8),
        (DataColorSpace::Gray, ImageLuma16(i)) => apply(i, &*sixteen(Layout::Gray, Layout::Rgb)?)?.map(ImageRgb16),
        (DataColorSpace::Gray, ImageLumaA16(i)) => {
            apply(i, &*sixteen(Layout::GrayAlpha, Layout::Rgba)?)?.map(ImageRgba16)
        }
        _ => None,
    })
}

/// Printing inks as they look on their press. There must be as many as pixels.
pub(super) fn of_inks(
    (width, height): (u32, u32),
    inks: &Inks,
    press: &ColorProfile,
) -> Result<DynamicImage, CmsError> {
    let (srgb, options) = (ColorProfile::new_srgb(), TransformOptions::default());
    let samples = width as usize * height as usize * 3;
    let image = match inks {
        Inks::Eight(inks) => {
            let mut rgb = vec![0; samples];
            press.create_transform_8bit(Layout::Rgba, &srgb, Layout::Rgb, options)?.transform(inks, &mut rgb)?;
            ImageBuffer::from_raw(width, height, rgb).map(DynamicImage::ImageRgb8)
        }
        Inks::Sixteen(inks) => {
            let mut rgb = vec![0; samples];
            press.create_transform_16bit(Layout::Rgba, &srgb, Layout::Rgb, options)?.transform(inks, &mut rgb)?;
            ImageBuffer::from_raw(width, height, rgb).map(DynamicImage::ImageRgb16)
        }
    };
    // As long as it was made, above.
    image.ok_or(CmsError::InvalidLayout)
}

/// A grey picture in three channels.
fn in_colour(grey: &DynamicImage) -> DynamicImage {
    match grey {
        DynamicImage::ImageLuma8(_) => grey.to_rgb8().into(),
        DynamicImage::ImageLumaA8(_) => grey.to_rgba8().into(),
        DynamicImage::ImageLuma16(_) => grey.to_rgb16().into(),
        _ => grey.to_rgba16().into(),
    }
}

fn apply<S, From, To>(
    image: &ImageBuffer<From, Vec<S>>,
    transform: &dyn TransformExecutor<S>,
) -> Result<Option<ImageBuffer<To, Vec<S>>>, CmsError>
where
    S: Primitive + Default,
    From: Pixel<Subpixel = S>,
    To: Pixel<Subpixel = S>,
{
    let pixels = image.width() as usize * image.height() as usize;
    let mut converted = vec![S::zero(); pixels * usize::from(To::CHANNEL_COUNT)];
    transform.transform(&image.as_raw()[..pixels * usize::from(From::CHANNEL_COUNT)], &mut converted)?;
    Ok(ImageBuffer::from_raw(image.width(), image.height(), converted))
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma, LumaA, Rgb, RgbImage, Rgba};

    use super::*;

    fn one_pixel(colour: [u8; 3], profile: &ColorProfile) -> [u8; 3] {
        let image = DynamicImage::ImageRgb8(RgbImage::from_pixel(1, 1, Rgb(colour)));
        to_srgb(image, &profile.encode().unwrap()).0.to_rgb8().get_pixel(0, 0).0
    }

    #[test]
    fn srgb_stays_as_it_is() {
        for colour in [[0, 0, 0], [255, 255, 255], [200, 30, 90], [3, 128, 250]] {
            let converted = one_pixel(colour, &ColorProfile::new_srgb());
            assert!(converted.iter().zip(colour).all(|(a, b)| a.abs_diff(b) <= 1), "{colour:?} became {converted:?}");
        }
    }

    #[test]
    fn display_p3_becomes_more_vivid_numbers() {
        // The same numbers mean a stronger colour in the wider gamut of Display P3, except on the grey axis. The
        // expected values follow from the two spaces' published primaries and their common transfer curve.
        let p3 = ColorProfile::new_display_p3();
        let converted = one_pixel([200, 100, 100], &p3);
        for (value, expected) in converted.iter().zip([215_u8, 93, 97]) {
            assert!(value.abs_diff(expected) <= 1, "{converted:?}");
        }
        let grey = one_pixel([120, 120, 120], &p3);
        assert!(grey.iter().all(|v| v.abs_diff(120) <= 1), "{grey:?}");
    }

    #[test]
    fn alpha_and_depth_are_kept() {
        let icc = ColorProfile::new_display_p3().encode().unwrap();
        let image = DynamicImage::ImageRgba16(ImageBuffer::from_pixel(2, 2, Rgba([50_000, 20_000, 20_000, 1234])));
        let DynamicImage::ImageRgba16(converted) = to_srgb(image, &icc).0 else { panic!("depth or alpha lost") };
        let [r, .., a] = converted.get_pixel(1, 1).0;
        assert!(r > 51_000, "{r}");
        assert_eq!(a, 1234);
    }

    #[test]
    fn sixteen_bits_lose_next_to_nothing() {
        // Greys are the same numbers in both spaces, so every step is known. Linear light is looked up in 65536 steps, of
        // which the darkest are thirteen times as coarse as those of sRGB.
        let icc = ColorProfile::new_display_p3().encode().unwrap();
        let ramp = ImageBuffer::from_fn(65_536, 1, |x, _| Rgb([x as u16; 3]));
        let DynamicImage::ImageRgb16(converted) = to_srgb(ramp.into(), &icc).0 else { panic!("depth lost") };
        let worst = converted.enumerate_pixels().map(|(x, _, p)| p.0.map(|v| v.abs_diff(x as u16)).into_iter().max());
        let worst = worst.max().flatten().unwrap();
        assert!(worst <= 7, "off by {worst} of 65535");
    }

    #[test]
    fn what_this_program_tags_is_left_as_it_is() {
        let image = DynamicImage::from(RgbImage::from_fn(256, 3, |x, y| Rgb([x as u8, 255 - x as u8, 80 * y as u8])));
        assert_eq!(to_srgb(image.clone(), &srgb_profile().unwrap()), (image, true));
    }

    #[test]
    fn grey_pictures_follow_their_own_curve() {
        let linear = ColorProfile::new_gray_with_gamma(1.0);
        let image = DynamicImage::ImageLuma8(GrayImage::from_pixel(1, 1, Luma([128])));
        let converted = to_srgb(image, &linear.encode().unwrap()).0.to_rgb8().get_pixel(0, 0).0;
        // Linear 0.5 is 188 in sRGB.
        assert!(converted.iter().all(|v| v.abs_diff(188) <= 1), "{converted:?}");
    }

    #[test]
    fn a_grey_picture_may_have_the_profile_of_a_coloured_one() {
        // Adobe RGB has a gamma of 2.2, which differs from sRGB's curve in the darks.
        let icc = ColorProfile::new_adobe_rgb().encode().unwrap();
        let [dark] = GrayImage::from_pixel(1, 1, Luma([20])).get_pixel(0, 0).0;
        let coloured = one_pixel([dark; 3], &ColorProfile::new_adobe_rgb());
        assert!(coloured[0] < dark - 2, "{coloured:?}");
        let grey = to_srgb(DynamicImage::ImageLuma8(GrayImage::from_pixel(1, 1, Luma([dark]))), &icc).0;
        assert_eq!(grey.to_rgb8().get_pixel(0, 0).0, coloured);
        let deep = DynamicImage::ImageLumaA16(ImageBuffer::from_pixel(1, 1, LumaA([20 * 257, 700])));
        let DynamicImage::ImageRgba16(deep) = to_srgb(deep, &icc).0 else { panic!("depth or alpha lost") };
        assert_eq!((deep.get_pixel(0, 0).0[3], deep.get_pixel(0, 0).0[0] / 257), (700, u16::from(coloured[0])));
    }

    #[test]
    fn a_profile_that_is_broken_or_of_another_kind_changes_nothing() {
        let image = DynamicImage::ImageRgb8(RgbImage::from_pixel(1, 1, Rgb([10, 20, 30])));
        let good = ColorProfile::new_display_p3().encode().unwrap();
        let grey = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
        for icc in [&b"nonsense"[..], &[], &good[..good.len() / 3], &grey] {
            assert_eq!(to_srgb(image.clone(), icc), (image.clone(), false));
        }
    }
}
