//! Frames for the window: a very large canvas is reduced while it is painted, so that showing it costs the window no more
//! than any other.

use std::sync::Arc;

use image::RgbaImage;

use super::run::Phase;
use crate::image_io::Picture;

/// Long side of a frame while it paints, in pixels: as many as most screens have.
const SIDE_PX: u32 = 2048;

/// The frame to show. At rest there is time to send every pixel, and somebody may look closely.
pub fn for_the_window(canvas: Arc<RgbaImage>, phase: Phase) -> Arc<RgbaImage> {
    if phase != Phase::Painting || canvas.width().max(canvas.height()) <= SIDE_PX {
        return canvas;
    }
    Arc::new(Picture::from_rgba(RgbaImage::clone(&canvas)).thumbnail(SIDE_PX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_large_canvas_at_work_is_reduced() {
        let size = |width, height, phase| for_the_window(Arc::new(RgbaImage::new(width, height)), phase).dimensions();
        assert_eq!(size(2048, 30, Phase::Painting), (2048, 30));
        assert_eq!(size(40, 4096, Phase::Painting), (20, 2048));
        for phase in [Phase::Paused, Phase::Finished, Phase::Failed] {
            assert_eq!(size(40, 4096, phase), (40, 4096));
        }
    }
}
