//! Parts of another picture brushed into the canvas: an earlier moment, a favourite, the canvas from before.
//!
//! The mask that is painted is none of the recipe's. It says where that picture shows, and is handed to the painting when the
//! artist is done with it.

use std::sync::Arc;

use image::{GrayImage, RgbaImage};

use super::super::command::{Exhibit, UiCommand};
use super::super::notices::Severity;
use super::super::painting::Phase;
use super::super::state::{Previous, State};
use super::{Editor, MaskTarget};
use crate::image_io::{fit_long_side, have_one_shape};
use crate::studio::{Aside, Command, PREVIEW_SIDE_PX, RunId};

/// What is brushed in.
#[derive(Debug, Clone)]
pub struct Source {
    /// The painting whose canvas it goes into.
    run: RunId,
    /// What it looks like.
    shown: Arc<RgbaImage>,
    /// What is laid over the canvas.
    laid: Arc<RgbaImage>,
    /// What it is, in words.
    pub name: String,
}

impl Source {
    /// The colour at the centre of a pixel of a canvas of this size, between the four pixels that are nearest to it.
    #[must_use]
    pub fn colour_at(&self, [x, y]: [u32; 2], (width, height): (u32, u32)) -> [u8; 4] {
        let (from_x, to_x, part_x) = neighbours(x, width, self.shown.width());
        let (from_y, to_y, part_y) = neighbours(y, height, self.shown.height());
        let mix = |a: u8, b: u8, part: f32| f32::from(a) + (f32::from(b) - f32::from(a)) * part;
        let at = |x, y| self.shown.get_pixel(x, y).0;
        let (rows, channels) = ([(from_y, 1.0 - part_y), (to_y, part_y)], [0, 1, 2, 3]);
        channels.map(|channel| {
            let row = |y| mix(at(from_x, y)[channel], at(to_x, y)[channel], part_x);
            rows.map(|(y, part)| row(y) * part).iter().sum::<f32>().round() as u8
        })
    }
}

/// The two of `there` pixels around the centre of the pixel `here` of `width`, and the second one's part.
fn neighbours(here: u32, width: u32, there: u32) -> (u32, u32, f32) {
    let at = (here as f32 + 0.5) * there as f32 / width.max(1) as f32 - 0.5;
    let at = at.clamp(0.0, there.saturating_sub(1) as f32);
    let first = at as u32;
    (first, (first + 1).min(there.saturating_sub(1)), at.fract())
}

/// A picture that is laid over the canvas of a painting where the mask is white.
#[derive(Debug, Clone)]
pub(super) struct Retouch {
    source: Source,
    mask: GrayImage,
}

impl Retouch {
    /// What has come of an editor, if it was for that and anything was painted.
    pub(super) fn of(editor: Editor) -> Option<Self> {
        let source = editor.source?;
        editor.mask.iter().any(|grey| *grey > 0).then_some(Self { source, mask: editor.mask })
    }
}

impl State {
    /// Whether what is looked at can be brushed into the canvas: it must have its shape.
    #[must_use]
    pub fn can_brush_in(&self) -> bool {
        let canvas = self.painting.as_ref().and_then(|painting| painting.canvas.as_ref());
        match (canvas, self.shown_exhibit()) {
            (Some(canvas), Some(shown)) => have_one_shape(canvas.image.dimensions(), shown.dimensions()),
            _ => false,
        }
    }

    /// Begins to brush what is looked at into the canvas.
    pub fn brush_in(&mut self) -> Option<()> {
        let (shown, exhibit) = (self.shown_exhibit()?, self.exhibit.clone()?);
        let iteration = self.shown_iteration()?;
        let (laid, name) = match &exhibit {
            Exhibit::Moment(moment) => {
                let (then, now) = (&moment.recipe, &self.recipe);
                // Where that is so, the photo's colours, and the photo where it stays, are put over it anew.
                let same = then.colours == now.colours && then.photo_mask == now.photo_mask;
                let laid = moment.bare.as_ref().filter(|_| same).unwrap_or(&moment.image);
                (Arc::clone(laid), format!("iteration {iteration}"))
            }
            Exhibit::Previous => (Arc::clone(&shown), format!("the previous canvas, iteration {iteration}")),
            Exhibit::Favourite(_) => (Arc::clone(&shown), format!("a favourite, iteration {iteration}")),
        };
        let photo = self.picture_info(&self.recipe.content)?;
        let size = fit_long_side(photo.width_px, photo.height_px, PREVIEW_SIDE_PX);
        let about = (self.recipe.content.clone(), self.recipe.content.clone());
        let run = self.painting.as_ref()?.run;
        let mut editor = Editor::new(self.masking.next_serial(), MaskTarget::Canvas, about, size);
        editor.source = Some(Source { run, shown, laid, name });
        self.masking.put(editor);
        // What is called a brush begins as one.
        self.masking.tool.fills = false;
        self.exhibit = None;
        Some(())
    }

    /// Hands what was brushed in to the painting, if that is still there.
    pub fn retouches(&mut self) -> Option<Command> {
        let Retouch { source, mask } = self.masking.retouched.take()?;
        self.painting.as_ref().filter(|painting| painting.run == source.run)?;
        Some(Command::Retouch { name: source.name, image: source.laid, mask: Arc::new(mask) })
    }

    /// Ends the brushing, because the canvas as it is seen is about to be taken for something.
    pub fn leave_brushing(&mut self) -> Option<Command> {
        if self.masking.editor().is_some_and(|editor| editor.source().is_some()) {
            self.masking.leave();
        }
        self.retouches()
    }

    /// It has been brushed in. While nothing else happens to the canvas that can be taken back; the canvas from before stands beside
    /// the favourites, unless that place is another painting's.
    pub(in super::super) fn note_retouched(
        &mut self,
        run: RunId,
        name: &str,
        before: Option<Box<Aside>>,
        now_secs: f64,
    ) {
        self.withdraw_retouches();
        let text = format!("Brushed in from {name}");
        match self.painting.as_ref().filter(|painting| painting.run == run) {
            Some(painting) if matches!(painting.phase, Phase::Paused | Phase::Finished) => {
                self.notices.push_undoable(text, UiCommand::TakeBackRetouch, now_secs);
            }
            _ => self.notices.push(Severity::Info, text, now_secs),
        }
        if let Some(aside) = before
            && self.previous.as_ref().is_none_or(|previous| previous.run == run)
        {
            self.set_aside(Previous::of(run, *aside));
            self.leave_previous_to_favourites();
        }
    }

    /// What was brushed in before cannot be taken back any more.
    pub(in super::super) fn withdraw_retouches(&mut self) {
        self.notices.withdraw(|undo| matches!(undo, UiCommand::TakeBackRetouch));
    }
}

#[cfg(test)]
mod tests {
    use image::Rgba;

    use super::*;

    #[test]
    fn a_picture_of_another_size_is_seen_where_it_will_lie() {
        let ramp = RgbaImage::from_fn(4, 2, |x, y| Rgba([60 * x as u8, 100 * y as u8, 0, 255]));
        let (shown, laid) = (Arc::new(ramp), Arc::default());
        let source = Source { run: RunId(1), shown, laid, name: String::new() };
        // At its own size, pixel for pixel.
        assert_eq!(source.colour_at([2, 1], (4, 2)), [120, 100, 0, 255]);
        // Twice as large: beyond the outermost centres it stays as it is, between two it lies between them.
        assert_eq!(source.colour_at([0, 0], (8, 4)), [0, 0, 0, 255]);
        assert_eq!(source.colour_at([7, 3], (8, 4)), [180, 100, 0, 255]);
        assert_eq!(source.colour_at([3, 1], (8, 4)), [75, 25, 0, 255]);
    }
}
