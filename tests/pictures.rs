//! A folder of pictures as they come: odd ones that must open, and bad ones that must be refused in one clear sentence.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

use std::fs::{self, File};
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use image::{DynamicImage, ExtendedColorType, ImageBuffer, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use pentimento::image_io::{Picture, PictureError, read_record, save_picture};
use tempfile::TempDir;

/// Left half red, right half blue; the upper left corner white.
fn flag(width: u32, height: u32) -> RgbImage {
    let mut image = RgbImage::from_fn(width, height, |x, _| Rgb(if x < width / 2 { [220, 0, 0] } else { [0, 0, 220] }));
    for (x, y) in (0..width / 4).flat_map(|x| (0..height / 4).map(move |y| (x, y))) {
        image.put_pixel(x, y, Rgb([255; 3]));
    }
    image
}

fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn file(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// The one sentence with which a picture is refused; it must name the file and stay on one line.
fn refusal(path: &Path) -> String {
    let sentence = Picture::open(path).expect_err("this must be refused").to_string();
    assert!(sentence.starts_with(&format!("{}: ", path.display())), "the file is not named: {sentence}");
    assert!(sentence.contains("; "), "it is not said what to do: {sentence}");
    assert!(!sentence.contains('\n') && sentence.len() < path.as_os_str().len() + 220, "not one sentence: {sentence}");
    sentence
}

/// A PNG whose header declares any size, with no matching pixels behind it.
fn png_that_declares(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = encoded(flag(8, 8), ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

/// The checksum of PNG chunks (ISO 3309), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

/// Puts an EXIF segment with this orientation right behind the start of a JPEG.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0".to_vec();
    exif.extend([1, 0]); // one entry
    exif.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]); // orientation, SHORT, one value
    exif.extend([0; 4]); // no further directory
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &exif, &jpeg[2..]].concat()
}

#[test]
fn files_that_are_no_pictures_are_refused() {
    let folder = TempDir::new().unwrap();
    let text = refusal(&file(&folder, "notes.jpg", b"Dear diary, today I painted nothing."));
    assert!(text.contains("not a picture"), "{text}");
    let empty = refusal(&file(&folder, "empty.png", b""));
    assert!(empty.contains("is empty"), "{empty}");
    let one_byte = refusal(&file(&folder, "stump.gif", b"G"));
    assert!(one_byte.contains("not a picture"), "{one_byte}");
    let directory = refusal(folder.path());
    assert!(directory.contains("folder"), "{directory}");
    let missing = refusal(&folder.path().join("gone.png"));
    assert!(missing.contains("no such file"), "{missing}");
    let through_file = refusal(&folder.path().join("empty.png/inside.png"));
    assert!(through_file.contains("no such file"), "{through_file}");
}

#[test]
fn truncated_pictures_are_refused_in_every_format() {
    let folder = TempDir::new().unwrap();
    let noise = RgbImage::from_fn(120, 90, |x, y| Rgb([((x * 37) ^ (y * 91)) as u8, (x * y) as u8, (x ^ y) as u8]));
    for format in
        [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Tiff, ImageFormat::Bmp, ImageFormat::Gif]
    {
        let whole = encoded(noise.clone(), format);
        let name = format!("cut.{}", format.extensions_str()[0]);
        for part in [whole.len() / 2, whole.len() * 9 / 10] {
            let sentence = refusal(&file(&folder, &name, &whole[..part]));
            assert!(sentence.contains("damaged or cut short"), "{sentence}");
        }
        // Cut inside the header, where anything but a panic or a picture will do.
        for part in 1..whole.len().min(64) {
            refusal(&file(&folder, &name, &whole[..part]));
        }
    }
}

#[test]
fn no_flipped_byte_panics() {
    let image = flag(24, 16);
    for format in
        [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Tiff, ImageFormat::Bmp, ImageFormat::Gif]
    {
        let whole = encoded(image.clone(), format);
        for position in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[position] ^= 0x55;
            if let Ok(picture) = Picture::decode(&bytes, "flipped") {
                assert!(picture.width() >= 1 && picture.height() >= 1);
            }
        }
    }
}

#[test]
fn garbage_behind_a_good_signature_is_refused() {
    let folder = TempDir::new().unwrap();
    let garbage = [0xA5_u8; 400];
    for (name, signature) in [
        ("garbage.tif", &b"II*\0"[..]),
        ("garbage.png", b"\x89PNG\r\n\x1a\n"),
        ("garbage.jpg", b"\xFF\xD8\xFF\xE0"),
        ("garbage.webp", b"RIFF\x90\x01\0\0WEBP"),
        ("garbage.gif", b"GIF89a"),
        ("garbage.bmp", b"BM"),
    ] {
        refusal(&file(&folder, name, &[signature, &garbage].concat()));
    }
}

#[test]
fn absurd_dimensions_are_refused_before_they_are_allocated() {
    let folder = TempDir::new().unwrap();
    for (width, height) in [(i32::MAX as u32, i32::MAX as u32), (100_000, 100_000), (1, i32::MAX as u32)] {
        let sentence = refusal(&file(&folder, "huge.png", &png_that_declares(width, height)));
        assert!(sentence.contains("too large"), "{width} x {height}: {sentence}");
    }
    let nothing = refusal(&file(&folder, "nothing.png", &png_that_declares(0, 10)));
    assert!(nothing.contains("damaged"), "{nothing}");
}

#[test]
fn a_file_too_large_to_read_is_refused_unread() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("endless.tif");
    // A sparse file: it has the length, but takes no space.
    File::create(&path).unwrap().set_len(5 << 30).unwrap();
    let sentence = refusal(&path);
    assert!(sentence.contains("too large") && sentence.contains("5120 MB"), "{sentence}");
}

#[cfg(unix)]
#[test]
fn what_is_not_an_ordinary_file_is_refused_without_waiting_for_it() {
    let sentence = refusal(Path::new("/dev/zero"));
    assert!(sentence.contains("not an ordinary file"), "{sentence}");
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_said_to_be_that() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "private.png", &encoded(flag(8, 8), ImageFormat::Png));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    // An administrator may read anything; there is nothing to test then.
    if File::open(&path).is_err() {
        let sentence = refusal(&path);
        assert!(sentence.contains("not permitted"), "{sentence}");
    }
}

#[test]
fn an_unknown_kind_of_a_known_format_is_named() {
    // A TIFF in CIE L*a*b*, which is not decoded: the tag PhotometricInterpretation (262) says 8.
    let mut bytes = encoded(flag(8, 8), ImageFormat::Tiff);
    let tag = bytes.windows(8).position(|w| w == [6, 1, 3, 0, 1, 0, 0, 0]).unwrap();
    bytes[tag + 8] = 8;
    let folder = TempDir::new().unwrap();
    let sentence = refusal(&file(&folder, "lab.tif", &bytes));
    assert!(sentence.contains("this kind of TIF") && sentence.contains("convert"), "{sentence}");
}

#[test]
fn the_smallest_and_the_thinnest_pictures_open() {
    let folder = TempDir::new().unwrap();
    for (width, height) in [(1, 1), (1, 5000), (5000, 1)] {
        let image = RgbImage::from_pixel(width, height, Rgb([10, 200, 60]));
        let picture = Picture::open(&file(&folder, "thin.png", &encoded(image, ImageFormat::Png))).unwrap();
        assert_eq!((picture.width(), picture.height()), (width, height));
        assert_eq!(picture.thumbnail(64).dimensions(), (width.min(64), height.min(64)));
        let values = picture.to_rgb_f32(16, 16);
        assert_eq!(values.len(), 16 * 16 * 3);
        for pixel in values.chunks_exact(3) {
            assert!(pixel.iter().zip([10.0, 200.0, 60.0]).all(|(a, b)| (a - b).abs() < 0.01), "{pixel:?}");
        }
    }
}

#[test]
fn the_extension_does_not_matter() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "really-a-png.jpg", &encoded(flag(8, 8), ImageFormat::Png));
    assert_eq!(Picture::open(&path).unwrap().width(), 8);
    let path = file(&folder, "no-extension", &encoded(flag(8, 8), ImageFormat::Bmp));
    assert_eq!(Picture::open(&path).unwrap().width(), 8);
}

#[test]
fn a_16_bit_png_keeps_its_depth() {
    let folder = TempDir::new().unwrap();
    let image: ImageBuffer<Rgb<u16>, Vec<u16>> = ImageBuffer::from_pixel(4, 4, Rgb([1000, 2000, 3000]));
    let path = file(&folder, "deep.png", &encoded(image, ImageFormat::Png));
    let values = Picture::open(&path).unwrap().to_rgb_f32(4, 4);
    for (value, expected) in values.iter().zip([1000.0 / 257.0, 2000.0 / 257.0, 3000.0 / 257.0]) {
        assert!((value - expected).abs() < 1e-3, "{value} is not {expected}");
    }
}

#[test]
fn a_16_bit_tiff_keeps_its_depth() {
    let folder = TempDir::new().unwrap();
    let image: ImageBuffer<Rgb<u16>, Vec<u16>> =
        ImageBuffer::from_fn(400, 2, |x, y| Rgb([20_000 + x as u16, 3 * x as u16, 60_000 - y as u16]));
    let path = file(&folder, "deep.tif", &encoded(image.clone(), ImageFormat::Tiff));
    let values = Picture::open(&path).unwrap().to_rgb_f32(400, 2);
    for (value, expected) in values.iter().zip(image.as_raw()) {
        assert!((value - f32::from(*expected) / 257.0).abs() < 1e-3, "{value} is not {expected}");
    }
}

#[test]
fn a_floating_point_tiff_is_read_with_16_bits() {
    let image: ImageBuffer<Rgba<f32>, Vec<f32>> = ImageBuffer::from_pixel(2, 2, Rgba([0.5, 1.5, -1.0, 0.25]));
    let picture = Picture::decode(&encoded(image, ImageFormat::Tiff), "float.tif").unwrap();
    assert_eq!(picture.to_rgba16().unwrap().get_pixel(1, 1).0, [32_768, 65_535, 0, 16_384]);
}

#[test]
fn a_transparent_png_is_seen_over_white_and_stays_transparent() {
    let folder = TempDir::new().unwrap();
    let image = RgbaImage::from_fn(8, 8, |x, _| Rgba(if x < 4 { [0, 0, 0, 0] } else { [0, 128, 255, 255] }));
    let picture = Picture::open(&file(&folder, "logo.png", &encoded(image.clone(), ImageFormat::Png))).unwrap();
    assert_eq!(picture.to_rgba(), image);
    assert_eq!(picture.to_rgb_f32(8, 8)[..3], [255.0; 3]);
    assert_eq!(picture.alpha_f32(8, 8).unwrap()[..8], [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
}

#[test]
fn transparency_is_read_from_every_format_that_has_it() {
    let image = RgbaImage::from_fn(8, 8, |x, _| Rgba(if x < 4 { [0, 0, 0, 0] } else { [0, 128, 255, 255] }));
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff, ImageFormat::Gif, ImageFormat::Bmp] {
        let picture = Picture::decode(&encoded(image.clone(), format), "logo").unwrap();
        assert_eq!(picture.alpha_f32(8, 8).expect("it is transparent")[2..6], [0.0, 0.0, 1.0, 1.0], "{format:?}");
    }
}

#[test]
fn colours_that_a_tiff_has_multiplied_by_their_opacity_are_divided_by_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cut out.tif");
    save_picture(&path, &RgbaImage::from_pixel(4, 4, Rgba([100, 0, 50, 128])), None).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    assert_eq!(Picture::open(&path).unwrap().to_rgba().get_pixel(1, 1).0, [100, 0, 50, 128]);
    // Tag 338, ExtraSamples: SHORT, one value; 2 is opacity alone, 1 opacity that colours were multiplied with.
    let entry = bytes.windows(10).position(|w| w == [0x52, 1, 3, 0, 1, 0, 0, 0, 2, 0]).unwrap();
    bytes[entry + 8] = 1;
    let picture = Picture::open(&file(&folder, "premultiplied.tif", &bytes)).unwrap();
    assert_eq!(picture.to_rgba().get_pixel(1, 1).0, [199, 0, 100, 128]);
}

#[test]
fn grey_palette_and_animated_pictures_open() {
    let folder = TempDir::new().unwrap();
    let grey = file(&folder, "grey.jpg", &encoded(DynamicImage::from(flag(16, 16)).into_luma8(), ImageFormat::Jpeg));
    let [r, g, b, _] = Picture::open(&grey).unwrap().to_rgba().get_pixel(15, 15).0;
    assert!(r == g && g == b);
    let palette = file(&folder, "palette.gif", &encoded(flag(16, 16), ImageFormat::Gif));
    let [r, _, b, _] = Picture::open(&palette).unwrap().to_rgba().get_pixel(15, 15).0;
    assert!(b > 200 && r < 20);

    let mut animated = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut animated);
    for shade in [40, 240] {
        let frame = RgbaImage::from_pixel(6, 6, Rgba([shade, shade, shade, 255]));
        encoder.encode_frame(image::Frame::new(frame)).unwrap();
    }
    drop(encoder);
    let first = Picture::open(&file(&folder, "animated.gif", &animated)).unwrap();
    assert!(first.to_rgba().get_pixel(0, 0)[0].abs_diff(40) <= 2, "the first frame is the picture");
}

#[test]
fn every_exif_orientation_ends_upright() {
    // Where the white corner of the stored picture is when it is shown: EXIF 2.32, tag 274.
    let shown_at = [
        "top left",
        "top right",
        "bottom right",
        "bottom left",
        "top left",
        "top right",
        "bottom right",
        "bottom left",
    ];
    let jpeg = encoded(flag(64, 32), ImageFormat::Jpeg);
    for (orientation, corner) in (1..=8).zip(shown_at) {
        let picture = Picture::decode(&with_orientation(&jpeg, orientation), "photo.jpg").unwrap();
        let expected = if orientation < 5 { (64, 32) } else { (32, 64) };
        assert_eq!((picture.width(), picture.height()), expected, "orientation {orientation}");
        let image = picture.to_rgba();
        let x = if corner.ends_with("left") { 2 } else { expected.0 - 3 };
        let y = if corner.starts_with("top") { 2 } else { expected.1 - 3 };
        assert!(
            image.get_pixel(x, y).0.iter().all(|&v| v > 200),
            "orientation {orientation}: not white at the {corner}"
        );
    }
}

#[test]
fn orientation_is_honoured_in_every_format_that_has_it() {
    // Turned by a quarter to the right when it is shown (6), so that the white corner comes to the top right.
    let exif = [b"II*\0\x08\0\0\0\x01\0".as_slice(), &[0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0], &[0; 4]].concat();
    let (mut png, mut webp, mut tiff) = (Vec::new(), Vec::new(), Cursor::new(Vec::new()));
    let mut encoder = image::codecs::png::PngEncoder::new(&mut png);
    encoder.set_exif_metadata(exif.clone()).unwrap();
    encoder.write_image(flag(64, 32).as_raw(), 64, 32, ExtendedColorType::Rgb8).unwrap();
    let mut encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut webp);
    encoder.set_exif_metadata(exif).unwrap();
    encoder.write_image(flag(64, 32).as_raw(), 64, 32, ExtendedColorType::Rgb8).unwrap();
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut tiff).unwrap();
    let mut page = encoder.new_image::<tiff::encoder::colortype::RGB8>(64, 32).unwrap();
    page.encoder().write_tag(tiff::tags::Tag::Orientation, 6_u16).unwrap();
    page.write_data(flag(64, 32).as_raw()).unwrap();
    for (name, bytes) in [("a.png", png), ("a.webp", webp), ("a.tif", tiff.into_inner())] {
        let picture = Picture::decode(&bytes, name).unwrap();
        assert_eq!((picture.width(), picture.height()), (32, 64), "{name}");
        assert_eq!(picture.to_rgba().get_pixel(30, 2).0, [255; 4], "{name}");
        assert_ne!(picture.to_rgba().get_pixel(2, 2).0, [255; 4], "{name}");
    }
}

#[test]
fn an_embedded_profile_is_honoured_in_every_format_that_has_it() {
    let p3 = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let pixels = [200, 100, 100].repeat(64);
    let (mut png, mut jpeg, mut webp, mut tiff) = (Vec::new(), Vec::new(), Vec::new(), Cursor::new(Vec::new()));
    let mut encoder = image::codecs::png::PngEncoder::new(&mut png);
    encoder.set_icc_profile(p3.clone()).unwrap();
    encoder.write_image(&pixels, 8, 8, ExtendedColorType::Rgb8).unwrap();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 100);
    encoder.set_icc_profile(p3.clone()).unwrap();
    encoder.write_image(&pixels, 8, 8, ExtendedColorType::Rgb8).unwrap();
    let mut encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut webp);
    encoder.set_icc_profile(p3.clone()).unwrap();
    encoder.write_image(&pixels, 8, 8, ExtendedColorType::Rgb8).unwrap();
    let mut encoder = image::codecs::tiff::TiffEncoder::new(&mut tiff);
    encoder.set_icc_profile(p3).unwrap();
    encoder.write_image(&pixels, 8, 8, ExtendedColorType::Rgb8).unwrap();
    for (name, bytes) in [("p3.png", png), ("p3.jpg", jpeg), ("p3.webp", webp), ("p3.tif", tiff.into_inner())] {
        let picture = Picture::decode(&bytes, name).unwrap();
        assert_eq!(picture.remark(), None, "{name}");
        let [r, g, ..] = picture.to_rgba().get_pixel(3, 3).0;
        assert!(r > 208 && g < 98, "{name}: {r} {g}: Display P3 was taken for sRGB");
    }
}

#[test]
fn a_profile_that_cannot_be_used_is_no_reason_to_refuse_a_picture_but_is_told() {
    let mut png = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut png);
    encoder.set_icc_profile(b"not a profile".to_vec()).unwrap();
    encoder.write_image(&[200, 100, 100], 1, 1, ExtendedColorType::Rgb8).unwrap();
    let picture = Picture::decode(&png, "scan.png").unwrap();
    assert_eq!(picture.to_rgba().get_pixel(0, 0).0, [200, 100, 100, 255]);
    assert!(picture.remark().unwrap().contains("sRGB"));
}

#[test]
fn a_large_photo_with_a_cut_off_end_is_not_painted_half_grey() {
    let jpeg = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/photos/lemur.jpg")).unwrap();
    assert!(Picture::decode(&jpeg, "lemur.jpg").is_ok());
    let error = Picture::decode(&jpeg[..jpeg.len() - 2000], "lemur.jpg").unwrap_err();
    assert!(matches!(error, PictureError::Damaged { .. }), "{error}");
    let with_trailer = [&jpeg[..], b"a phone's own data behind the picture"].concat();
    assert!(Picture::decode(&with_trailer, "lemur.jpg").is_ok());
}

#[test]
fn a_painting_saved_over_another_is_whole_and_a_refused_one_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("painting.png");
    let first = RgbaImage::from_pixel(5, 5, Rgba([1, 2, 3, 255]));
    save_picture(&path, &first, None).unwrap();
    assert!(save_picture(&folder.path().join("painting.xyz"), &first, None).is_err());
    assert!(save_picture(&folder.path().join("missing/painting.png"), &first, None).is_err());
    let second = RgbaImage::from_pixel(9, 9, Rgba([4, 5, 6, 255]));
    save_picture(&path, &second, None).unwrap();
    assert_eq!(Picture::open(&path).unwrap().to_rgba(), second);
    assert_eq!(read_record(&path).unwrap(), None);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something was left behind");
}

#[test]
fn a_foreign_png_with_any_flipped_byte_never_panics_the_record_reader() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("painting.png");
    let record = pentimento::image_io::PaintingRecord::new(pentimento::recipe::Recipe::default(), 7);
    save_picture(&path, &RgbaImage::from_pixel(3, 3, Rgba([9, 9, 9, 255])), Some(&record)).unwrap();
    let whole = fs::read(&path).unwrap();
    for position in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[position] ^= 0x20;
        File::create(&path).unwrap().write_all(&bytes).unwrap();
        if let Err(error) = read_record(&path) {
            assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
        }
    }
}
