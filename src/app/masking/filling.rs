//! What is alike filled at once: the artist presses on a place, and drags to take in more or less.

use std::sync::Arc;

use image::GrayImage;

use super::super::brush::{Area, blend};
use super::super::state::State;
use super::editor::Patch;
use super::{Editor, MaskCommand};
use crate::studio::Command;

/// A fill that is not yet done.
#[derive(Debug, Clone)]
pub struct Filling {
    /// Under which it was asked for.
    ticket: u64,
    erases: bool,
    before: GrayImage,
    /// What it takes in at which tolerance, once that is reckoned.
    reach: Option<Arc<GrayImage>>,
    /// Whether the pointer was lifted before that.
    lifted: bool,
    /// All that it has changed on the way.
    touched: Area,
}

impl Filling {
    /// Begins one over a mask.
    pub(super) fn begin(ticket: u64, erases: bool, mask: &GrayImage) -> Self {
        Self { ticket, erases, before: mask.clone(), reach: None, lifted: false, touched: Area::default() }
    }

    /// Lays what a tolerance, in hundredths, takes in over the mask as it was before; answers with the pixels that may have changed.
    fn fill(&mut self, mask: &mut GrayImage, tolerance: f32) -> Area {
        let Some(reach) = self.reach.as_ref().filter(|reach| reach.dimensions() == mask.dimensions()) else {
            return Area::default();
        };
        let covered = covered(reach, tolerance);
        let values = mask.iter_mut().zip(self.before.iter()).zip(covered.iter());
        values.for_each(|((now, before), covered)| *now = blend(*before, *covered, self.erases));
        let area = around(&covered);
        // What a greater tolerance took in has gone again.
        let changed = area.union(self.touched);
        self.touched = changed;
        changed
    }

    /// All that it may have changed, and how that was before.
    pub(super) fn finish(self) -> (Area, Vec<u8>) {
        let pixels = self.touched.pixels(&self.before);
        (self.touched, pixels)
    }
}

impl Editor {
    /// Whether a fill waits for what it takes in.
    #[must_use]
    pub fn is_reckoning(&self) -> bool {
        self.filling.as_ref().is_some_and(|filling| filling.reach.is_none())
    }

    /// Whether a fill follows the pointer.
    #[must_use]
    pub fn is_filling(&self) -> bool {
        self.filling.as_ref().is_some_and(|filling| filling.reach.is_some())
    }

    /// Fills anew, with another tolerance.
    pub(super) fn refill(&mut self, tolerance: f32) {
        if let Some(filling) = &mut self.filling {
            let area = filling.fill(&mut self.mask, tolerance);
            self.note(area);
        }
    }

    /// What the fill takes in is known.
    fn reach_arrived(&mut self, ticket: u64, reach: Arc<GrayImage>, tolerance: f32) {
        if let Some(filling) = self.filling.as_mut().filter(|filling| filling.ticket == ticket) {
            filling.reach = Some(reach);
            self.refill(tolerance);
        }
    }

    /// The pointer was lifted; tells whether the fill is to wait for what it takes in.
    pub(super) fn lift_filling(&mut self) -> bool {
        let waiting = self.filling.as_mut().filter(|filling| filling.reach.is_none());
        waiting.map(|filling| filling.lifted = true).is_some()
    }

    /// The patch that takes the fill back, if it has changed anything.
    pub(super) fn finish_filling(&mut self) -> Option<Patch> {
        let (area, pixels) = self.filling.take()?.finish();
        let changed = !area.is_empty() && area.pixels(&self.mask) != pixels;
        changed.then_some(Patch { area, pixels, in_force: self.in_force })
    }
}

impl State {
    /// Begins to fill what is alike around a place in the photo, given in fractions of it.
    pub(super) fn begin_fill(&mut self, at: [f32; 2], erases: bool) -> Option<Command> {
        let picture = Arc::clone(&self.picture_info(&self.recipe.content)?.thumbnail);
        let ticket = self.masking.next_ticket();
        let editor = self.masking.editor.as_mut().filter(|editor| !editor.is_waiting() && !editor.is_drawing())?;
        let (width, height) = picture.dimensions();
        let inside = at.iter().all(|part| (0.0..1.0).contains(part));
        if !inside {
            return None;
        }
        editor.filling = Some(Filling::begin(ticket, erases, &editor.mask));
        // Inside, so the products are less than width and height; `as` cuts their fractions off.
        let from = [(at[0] * width as f32) as u32, (at[1] * height as f32) as u32];
        Some(Command::ReckonSpread { ticket, picture, from, size: editor.mask.dimensions() })
    }

    /// What a fill takes in is known.
    pub(in super::super) fn spread_reckoned(&mut self, ticket: u64, reach: Arc<GrayImage>) {
        let tolerance = self.masking.tool.tolerance;
        if let Some(editor) = &mut self.masking.editor {
            editor.reach_arrived(ticket, reach, tolerance);
        }
    }

    /// Ends a fill that was let go of before it was known what it takes in.
    pub fn end_fill(&mut self) -> Option<Command> {
        let filling = self.masking.editor.as_ref()?.filling.as_ref()?;
        (filling.lifted && filling.reach.is_some()).then(|| self.mask(MaskCommand::Lift))?
    }
}

/// How far a tolerance, in hundredths, covers each pixel, of 255: all or nothing, but for the edge, which is as soft as a pixel.
fn covered(reach: &GrayImage, tolerance: f32) -> GrayImage {
    // Between 0 and 254: what is never reached is not filled at 100 either.
    let tolerance = (tolerance.clamp(0.0, 100.0) / 100.0 * f32::from(u8::MAX - 1)) as u8;
    let (width, height) = reach.dimensions();
    let inside = |x: u32, y: u32| u16::from(reach.get_pixel(x.min(width - 1), y.min(height - 1)).0[0] <= tolerance);
    // The binomial kernel (1, 2, 1) / 4 in each direction.
    let across = |x: u32, y: u32| inside(x.saturating_sub(1), y) + 2 * inside(x, y) + inside(x + 1, y);
    GrayImage::from_fn(width, height, |x, y| {
        let sum = across(x, y.saturating_sub(1)) + 2 * across(x, y) + across(x, y + 1);
        // Of sixteen.
        image::Luma([(sum * 255 / 16) as u8])
    })
}

/// The smallest area around everything that is not black.
fn around(image: &GrayImage) -> Area {
    let white = image.enumerate_pixels().filter(|(_, _, grey)| grey.0[0] > 0);
    white.fold(Area::default(), |area, (left, top, _)| area.union(Area { left, top, right: left + 1, bottom: top + 1 }))
}
