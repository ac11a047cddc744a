//! The photo's colours for a painting: luminance of the one, chroma of the other.
//!
//! Luminance-only transfer of Gatys, Bethge, Hertzmann and Shechtman, "Preserving Color in Neural Artistic Style Transfer"
//! (2016), arXiv 1606.05897, in their space, Y'IQ. They paint in luminance alone; here the painting is made in colour and
//! gives its luminance afterwards, so that the artist may change their mind at any time without painting anew.

/// Y of Y'IQ (ITU-R BT.601).
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

/// Gives every pixel of `painting` the chroma of `photo` and leaves its luminance, both interleaved RGB in 0..=255.
///
/// I and Q depend on `(R, G, B) - Y` only, so exchanging Y moves the three channels of the photo by the same amount. A
/// colour that does not exist at the new luminance is paled towards grey as far as needed: clipping its channels would
/// change hue and luminance.
pub fn take_chroma(painting: &mut [f32], photo: &[f32]) {
    let (painting, _) = painting.as_chunks_mut::<3>();
    let (photo, _) = photo.as_chunks::<3>();
    for (pixel, photo) in painting.iter_mut().zip(photo) {
        let light = luma(pixel);
        let grey = luma(photo);
        let chroma = photo.map(|value| value - grey);
        let strength = chroma.iter().map(|&chroma| room(light, chroma)).fold(1.0, f32::min);
        *pixel = chroma.map(|chroma| light + strength * chroma);
    }
}

fn luma(rgb: &[f32; 3]) -> f32 {
    rgb.iter().zip(LUMA).map(|(value, weight)| value * weight).sum()
}

/// The part of `chroma` that can be added to `light` before black or white is reached.
fn room(light: f32, chroma: f32) -> f32 {
    if light + chroma > 255.0 {
        (255.0 - light) / chroma
    } else if light + chroma < 0.0 {
        light / -chroma
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::test_support::Noise;

    fn recoloured(painting: [f32; 3], photo: [f32; 3]) -> [f32; 3] {
        let mut pixel = painting;
        take_chroma(&mut pixel, &photo);
        pixel
    }

    /// I and Q of Y'IQ as in the NTSC standard, to three digits.
    fn iq([r, g, b]: [f32; 3]) -> [f32; 2] {
        [0.596 * r - 0.275 * g - 0.321 * b, 0.212 * r - 0.523 * g + 0.311 * b]
    }

    #[test]
    fn luminance_is_the_paintings_and_chroma_the_photos() {
        let (painting, photo) = ([120.0, 90.0, 150.0], [140.0, 110.0, 70.0]);
        let found = recoloured(painting, photo);
        assert!((luma(&found) - luma(&painting)).abs() < 1e-3);
        for (found, expected) in iq(found).iter().zip(iq(photo)) {
            assert!((found - expected).abs() < 0.1, "{found} is not {expected}");
        }
    }

    #[test]
    fn a_grey_photo_makes_a_grey_painting_and_a_photo_of_itself_changes_nothing() {
        let painting = [30.0, 200.0, 90.0];
        let grey = luma(&painting);
        assert!(recoloured(painting, [77.0; 3]).iter().all(|value| (value - grey).abs() < 1e-3));
        for (found, expected) in recoloured(painting, painting).iter().zip(painting) {
            assert!((found - expected).abs() < 1e-3);
        }
        assert_eq!(recoloured([0.0; 3], [255.0, 0.0, 0.0]), [0.0; 3]);
        assert!(recoloured([255.0; 3], [0.0, 0.0, 255.0]).iter().all(|value| (value - 255.0).abs() < 1e-3));
    }

    #[test]
    fn colours_stay_in_their_range_with_luminance_and_hue() {
        let mut noise = Noise::new(5);
        let mut colour = || noise.vec(3).iter().map(|value| 127.5 + 127.5 * value).collect::<Vec<_>>();
        let mut paled = 0;
        for _ in 0..2000 {
            let (painting, photo) = (colour().try_into().unwrap(), colour().try_into().unwrap());
            let found = recoloured(painting, photo);
            assert!(found.iter().all(|value| (-1e-3..=255.001).contains(value)), "{found:?}");
            assert!((luma(&found) - luma(&painting)).abs() < 1e-3);
            // The same hue: I and Q in the photo's proportion, and never more of them.
            let ([i, q], [photo_i, photo_q]) = (iq(found), iq(photo));
            assert!((i * photo_q - q * photo_i).abs() < 0.3 * photo_i.hypot(photo_q).max(1.0));
            let strength = i.hypot(q) / photo_i.hypot(photo_q).max(1e-3);
            assert!(strength < 1.01, "{strength}");
            paled += u32::from(strength < 0.95);
        }
        assert!((200..1800).contains(&paled), "{paled} of 2000");
    }
}
