//! The mask on the easel: its pixels, its strokes, and the way back.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use image::GrayImage;

use super::super::brush::{Area, Brush, Point, Stroke};
use super::{Filling, MaskTarget, Source};
use crate::recipe::PictureSource;

/// Strokes that can be undone.
const MAX_UNDO: usize = 64;
/// Changes that a texture may be behind and still be brought up to date piece by piece.
const MAX_CHANGES: usize = 16;

/// Hundredths of what a fill can bridge.
pub const TOLERANCES: RangeInclusive<f32> = 0.0..=100.0;

/// Diameters of the brush, in hundredths of the canvas's long side.
pub const BRUSH_SIZES: RangeInclusive<f32> = 0.5..=100.0;

/// The brush in the artist's hand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tool {
    /// Its diameter, see [`BRUSH_SIZES`].
    pub size: f32,
    /// Share of the brush that is hard, in hundredths.
    pub hardness: f32,
    /// Whether it erases.
    pub erases: bool,
    /// Whether it fills what is alike instead of painting strokes.
    pub fills: bool,
    /// How far that may differ from the place that is pressed, in hundredths.
    pub tolerance: f32,
}

impl Default for Tool {
    fn default() -> Self {
        Self { size: 12.0, hardness: 50.0, erases: false, fills: false, tolerance: 45.0 }
    }
}

/// A part of the mask as it was before or after a change.
#[derive(Debug, Clone)]
pub(super) struct Patch {
    pub(super) area: Area,
    pub(super) pixels: Vec<u8>,
    /// Whether the recipe had this mask at all.
    pub(super) in_force: bool,
}

/// A mask on the easel.
#[derive(Debug)]
pub struct Editor {
    /// Tells it from every other.
    serial: u64,
    pub(super) target: MaskTarget,
    /// What is brushed into the canvas, if it is for that.
    pub(super) source: Option<Source>,
    /// The picture that it is about and the photo whose shape it has, as of the beginning.
    pub(super) about: (PictureSource, PictureSource),
    pub(super) mask: GrayImage,
    stroke: Option<Stroke>,
    pub(super) filling: Option<Filling>,
    pub(super) done: Vec<Patch>,
    pub(super) undone: Vec<Patch>,
    pub(super) in_force: bool,
    /// A picture that is on its way to become this mask.
    pub(super) awaited: Option<PictureSource>,
    /// Counts all changes; the newest few with their places.
    revision: u64,
    changes: VecDeque<Area>,
}

impl Editor {
    /// An empty mask of a size.
    pub(super) fn new(
        serial: u64,
        target: MaskTarget,
        about: (PictureSource, PictureSource),
        (width, height): (u32, u32),
    ) -> Self {
        Self {
            serial,
            target,
            source: None,
            about,
            mask: GrayImage::new(width, height),
            stroke: None,
            filling: None,
            done: Vec::new(),
            undone: Vec::new(),
            in_force: false,
            awaited: None,
            revision: 0,
            changes: VecDeque::new(),
        }
    }

    /// Tells it from every other.
    #[must_use]
    pub fn serial(&self) -> u64 {
        self.serial
    }

    /// What it is for.
    #[must_use]
    pub fn target(&self) -> MaskTarget {
        self.target
    }

    /// What is brushed into the canvas, if it is for that.
    #[must_use]
    pub fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }

    /// Its pixels, white where it acts.
    #[must_use]
    pub fn mask(&self) -> &GrayImage {
        &self.mask
    }

    /// Counts the changes.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Where it has changed since `revision`; all of it where that is too long ago.
    #[must_use]
    pub fn changed_since(&self, revision: u64) -> Area {
        let behind = usize::try_from(self.revision.saturating_sub(revision)).unwrap_or(usize::MAX);
        if behind > self.changes.len() {
            return Area::of(&self.mask);
        }
        self.changes.iter().rev().take(behind).fold(Area::default(), |all, area| all.union(*area))
    }

    /// Whether a picture is on its way to become this mask.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.awaited.is_some()
    }

    /// Whether a stroke or a fill has begun and is not yet done.
    pub(super) fn is_drawing(&self) -> bool {
        self.stroke.is_some() || self.filling.is_some()
    }

    pub(super) fn note(&mut self, area: Area) {
        self.revision += 1;
        self.changes.push_back(area);
        if self.changes.len() > MAX_CHANGES {
            self.changes.pop_front();
        }
    }

    /// Remembers how an area was before it changes or has changed.
    pub(super) fn remember(&mut self, patch: Patch) {
        self.undone.clear();
        self.done.push(patch);
        if self.done.len() > MAX_UNDO {
            self.done.remove(0);
        }
    }

    pub(super) fn whole(&self) -> Patch {
        Patch { area: Area::of(&self.mask), pixels: self.mask.as_raw().clone(), in_force: self.in_force }
    }

    /// Puts a patch on, and answers with what was there.
    pub(super) fn exchange(&mut self, patch: Patch) -> Patch {
        let was = Patch { area: patch.area, pixels: patch.area.pixels(&self.mask), in_force: self.in_force };
        patch.area.put(&patch.pixels, &mut self.mask);
        self.in_force = patch.in_force;
        self.note(patch.area);
        was
    }

    pub(super) fn draw(&mut self, tool: Tool, points: &[[f32; 2]], erases: bool) {
        let (width, height) = (self.mask.width() as f32, self.mask.height() as f32);
        let radius_px = tool.size / 200.0 * width.max(height);
        let brush = Brush { radius_px, hardness: tool.hardness / 100.0, erases };
        let stroke = self.stroke.get_or_insert_with(|| Stroke::begin(brush, &self.mask));
        let mut area = Area::default();
        for [x, y] in points {
            let at: Point = [x * width, y * height];
            area = area.union(stroke.extend(&mut self.mask, at));
        }
        self.note(area);
    }

    /// Ends the stroke or the fill; tells whether it has changed anything.
    pub(super) fn lift(&mut self) -> bool {
        if self.lift_filling() {
            return false;
        }
        let Some(patch) = self.finish_stroke().or_else(|| self.finish_filling()) else { return false };
        self.remember(patch);
        self.in_force = true;
        true
    }

    /// The patch that takes the stroke back, if it has changed anything.
    fn finish_stroke(&mut self) -> Option<Patch> {
        let (area, pixels) = self.stroke.take()?.finish();
        let changed = !area.is_empty() && area.pixels(&self.mask) != pixels;
        changed.then_some(Patch { area, pixels, in_force: self.in_force })
    }

    pub(super) fn replace(&mut self, mask: GrayImage, in_force: bool) {
        let whole = self.whole();
        self.remember(whole);
        self.in_force = in_force;
        self.mask = mask;
        self.note(Area::of(&self.mask));
    }
}
