//! The program's icon in the formats that desktops take.

use image::codecs::ico::{IcoEncoder, IcoFrame};
use image::{ExtendedColorType, RgbaImage};
use pentimento::app::icon;

use super::{Outcome, write};

/// What Windows asks for, from the title bar to the largest tile.
const SIDES_PX: [u32; 6] = [16, 24, 32, 48, 64, 256];
/// What Linux desktops scale.
const SIDE_PX: u32 = 256;

/// Writes them to `assets/icon`.
pub fn draw_all() -> Outcome<()> {
    let mut png = std::io::Cursor::new(vec![]);
    let drawn = icon(SIDE_PX);
    let picture = RgbaImage::from_raw(SIDE_PX, SIDE_PX, drawn.rgba).ok_or("an icon of another size")?;
    picture.write_to(&mut png, image::ImageFormat::Png)?;
    write(png.get_ref(), "assets/icon/pentimento.png")?;

    let frame = |side_px| IcoFrame::as_png(&icon(side_px).rgba, side_px, side_px, ExtendedColorType::Rgba8);
    let frames = SIDES_PX.into_iter().map(frame).collect::<Result<Vec<_>, _>>()?;
    let mut ico = vec![];
    IcoEncoder::new(&mut ico).encode_images(&frames)?;
    write(&ico, "assets/icon/pentimento.ico")
}
