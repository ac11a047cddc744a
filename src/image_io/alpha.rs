//! Transparency: laying colours over white, and taking them off it again.
//!
//! The network and the losses know three channels, so they see a transparent picture as on paper. What is painted lies
//! on that paper too, and becomes a transparent picture again by solving "over" (Porter and Duff, "Compositing Digital
//! Images", 1984) for the foreground. Without that, half transparent edges would carry white into whatever they are laid
//! over.

use image::{DynamicImage, ImageBuffer, Pixel};

const WHITE: f32 = 255.0;

/// Lays `value` with opacity `alpha` over white, all in 0..=`white`. Done before any resampling: laying over white is
/// linear in the premultiplied colour, so the two commute, and the colours of hidden pixels count for nothing.
pub(super) fn over_white(value: u32, alpha: u32, white: u32) -> u32 {
    // At most white * white + white / 2, which fits 32 bits for 16-bit channels too.
    (value * alpha + white * (white - alpha) + white / 2) / white
}

/// An 8-bit pixel laid over white.
#[must_use]
pub fn rgb_over_white([r, g, b, a]: [u8; 4]) -> [u8; 3] {
    [r, g, b].map(|value| over_white(value.into(), a.into(), u8::MAX.into()) as u8)
}

/// A 16-bit pixel laid over white.
pub(super) fn rgb16_over_white([r, g, b, a]: [u16; 4]) -> [u16; 3] {
    [r, g, b].map(|value| over_white(value.into(), a.into(), u16::MAX.into()) as u16)
}

/// The colour in 0..=255 that looks like `seen` when it is laid with opacity `alpha` (0..=1) over white:
/// `255 - (255 - seen) / alpha`.
///
/// What is faint cannot look dark. A colour that no opacity brings about is paled as far as needed: clipping its channels
/// would change its hue, down to black. Where nothing is opaque at all it is white, so that a program which ignores
/// transparency shows the ground that the painting was made on.
#[must_use]
pub fn off_white(seen: [f32; 3], alpha: f32) -> [f32; 3] {
    if alpha >= 1.0 {
        return seen;
    }
    if alpha <= 0.0 {
        return [WHITE; 3];
    }
    let ink = seen.map(|value| WHITE - value);
    let most = ink.iter().copied().fold(0.0, f32::max);
    // Without any ink the quotient is infinite, and the other one counts.
    let strength = (1.0 / alpha).min(WHITE / most);
    ink.map(|ink| WHITE - strength * ink)
}

/// Divides colours by the opacity that they were multiplied with. Images without transparency are left alone.
pub(super) fn unpremultiply(image: &mut DynamicImage) {
    match image {
        DynamicImage::ImageLumaA8(image) => divide(image, u8::MAX.into(), |value| value as u8),
        DynamicImage::ImageRgba8(image) => divide(image, u8::MAX.into(), |value| value as u8),
        DynamicImage::ImageLumaA16(image) => divide(image, u16::MAX.into(), |value| value as u16),
        DynamicImage::ImageRgba16(image) => divide(image, u16::MAX.into(), |value| value as u16),
        _ => {}
    }
}

/// `narrow` takes values in 0..=`white` back to the image's own type.
fn divide<P>(image: &mut ImageBuffer<P, Vec<P::Subpixel>>, white: u32, narrow: impl Fn(u32) -> P::Subpixel)
where
    P: Pixel,
    P::Subpixel: Into<u32>,
{
    for pixel in image.pixels_mut() {
        let Some((alpha, colours)) = pixel.channels_mut().split_last_mut() else { continue };
        let alpha = (*alpha).into();
        for colour in colours {
            let multiplied: u32 = (*colour).into();
            // Rounded; 65535 * 65535 + 32767 still fits 32 bits. Where nothing is opaque there is no colour.
            let plain = (multiplied * white + alpha / 2).checked_div(alpha).unwrap_or_default();
            *colour = narrow(plain.min(white));
        }
    }
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, LumaA, Rgba, RgbaImage};

    use super::*;

    #[test]
    fn taking_off_undoes_laying_over() {
        for alpha in [1_u32, 30, 128, 254, 255] {
            for colour in [[0_u32, 0, 0], [1, 100, 255], [255, 255, 255], [200, 30, 90]] {
                let opacity = alpha as f32 / 255.0;
                let seen = colour.map(|value| over_white(value, alpha, 255) as f32);
                let back = off_white(seen, opacity);
                // What was rounded to a level is off by half of one at most, the more so the less is opaque.
                for (back, value) in back.iter().zip(colour) {
                    let off = (back - value as f32).abs();
                    assert!(off <= 0.5 / opacity + 1e-3, "{colour:?} at {alpha} came back as {back}");
                }
            }
        }
        assert_eq!(off_white([77.25, 0.0, 255.0], 1.0), [77.25, 0.0, 255.0]);
    }

    #[test]
    fn a_colour_that_is_too_dark_to_be_so_faint_keeps_its_hue() {
        // Half transparent over white cannot get darker than half.
        assert_eq!(off_white([20.0; 3], 0.5), [0.0; 3]);
        let [r, g, b] = off_white([51.0, 153.0, 204.0], 0.5);
        assert!(r.abs() < 1e-3 && (g - 127.5).abs() < 1e-3 && (b - 191.25).abs() < 1e-3, "{r} {g} {b}");
        assert_eq!(off_white([255.0; 3], 0.001), [255.0; 3]);
        assert_eq!(off_white([20.0, 30.0, 40.0], 0.0), [255.0; 3]);
    }

    #[test]
    fn premultiplied_colours_become_plain_ones() {
        let mut image = DynamicImage::ImageRgba8(RgbaImage::from_pixel(1, 1, Rgba([50, 0, 25, 51])));
        unpremultiply(&mut image);
        assert_eq!(image.to_rgba8().get_pixel(0, 0).0, [250, 0, 125, 51]);
        // More colour than opacity is no colour that anybody could have multiplied.
        let mut deep = DynamicImage::ImageRgba16(ImageBuffer::from_fn(2, 1, |x, _| Rgba([100, 60_000, 7, x as u16])));
        unpremultiply(&mut deep);
        assert_eq!(deep.to_rgba16().into_raw(), [0, 0, 0, 0, 65_535, 65_535, 65_535, 1]);
        let mut grey = DynamicImage::ImageLumaA16(ImageBuffer::from_pixel(1, 1, LumaA([6_553, 13_107])));
        unpremultiply(&mut grey);
        assert_eq!(grey.to_luma_alpha16().into_raw(), [32_765, 13_107]);
    }
}
