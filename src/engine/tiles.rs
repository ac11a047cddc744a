//! How a canvas is cut into tiles that are evaluated one after another and yet give the loss of the whole. Pure
//! arithmetic.
//!
//! Every tile owns an interior; the interiors cover the canvas without overlap. Around its interior a tile reads a halo
//! as wide as the network can see, so that every feature that belongs to the interior is the one that the whole canvas
//! has there: what zero padding does at a tile's edge stays in the halo. Origins lie on multiples of [`GRID_PX`], so that
//! the poolings of all tiles fall on the same squares. All tiles are of one size, so that one allocation serves them all:
//! it leaves the same remainder by the grid as the canvas, and the last tile ends where the canvas does, whose odd rows and
//! columns the poolings drop as they would without tiles.

use super::region::Region;
use super::vgg::{LAYERS, Tap, closes_block};

/// Tiles begin on multiples of this many pixels: four poolings.
pub const GRID_PX: usize = 16;

/// Least that a tile may advance beyond the one before it; with less, nearly everything would be computed again and again.
const MIN_STRIDE_PX: usize = 64;

/// Pixels around an interior that its features depend on, down to `deepest`, in whole steps of the grid: the radius of the
/// receptive field. For `relu5_1` it is 70, so 80.
#[must_use]
pub fn halo(deepest: Tap) -> usize {
    let mut radius = 0usize;
    for i in (0..=deepest.layer()).rev() {
        // The pooling after layer `i`, where one of the deeper layers reads it.
        if i < deepest.layer() && closes_block(i) {
            radius *= 2;
        }
        radius += 1;
    }
    radius.next_multiple_of(GRID_PX)
}

/// Pixels of the canvas to one of the feature map at `tap`, along one side.
fn scale(tap: Tap) -> usize {
    1 << (LAYERS[tap.layer()].block - 1)
}

/// One side of the canvas, cut.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Side {
    /// Pixels of the canvas.
    len: usize,
    /// Pixels of a tile.
    tile: usize,
    spans: Vec<Span>,
}

/// A tile along one side of the canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    /// First pixel that it reads.
    origin: usize,
    /// First pixel of its interior.
    start: usize,
    /// First pixel after its interior.
    end: usize,
}

impl Side {
    /// Cuts `len` pixels into `count` tiles, each no larger than necessary; `None` where so many make no sense.
    fn cut(len: usize, count: usize, halo: usize) -> Option<Self> {
        if count == 1 {
            return Some(Self { len, tile: len, spans: vec![Span { origin: 0, start: 0, end: len }] });
        }
        let rest = len % GRID_PX;
        let whole = (len - rest + 2 * halo * (count - 1)).div_ceil(count).next_multiple_of(GRID_PX);
        let tile = whole + rest;
        if whole < 2 * halo + MIN_STRIDE_PX || tile >= len {
            return None;
        }
        let mut spans = Vec::with_capacity(count);
        let mut start = 0;
        while start < len {
            let origin = usize::saturating_sub(start, halo).min(len - tile);
            let end = if origin + tile == len { len } else { origin + whole - halo };
            spans.push(Span { origin, start, end });
            start = end;
        }
        Some(Self { len, tile, spans })
    }

    /// Every sensible way to cut `len` pixels, from one tile on.
    fn cuts(len: usize, halo: usize) -> impl Iterator<Item = Self> {
        (1..=len.div_ceil(MIN_STRIDE_PX)).filter_map(move |count| Self::cut(len, count, halo))
    }
}

impl Span {
    /// First and number of the rows (or columns) of a feature map that belong to the interior, counted from `origin`.
    fn own(&self, side: &Side, scale: usize) -> (usize, usize) {
        let last = if self.end == side.len { side.tile / scale } else { (self.end - self.origin) / scale };
        let first = (self.start - self.origin) / scale;
        (first, last - first)
    }
}

/// A canvas, cut into tiles of one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tiles {
    rows: Side,
    columns: Side,
}

/// One tile.
#[derive(Debug, Clone, Copy)]
pub struct Tile<'a> {
    tiles: &'a Tiles,
    rows: Span,
    columns: Span,
}

impl Tiles {
    /// The whole canvas as one tile.
    #[must_use]
    pub fn whole(height: usize, width: usize) -> Self {
        let side = |len| Side { len, tile: len, spans: vec![Span { origin: 0, start: 0, end: len }] };
        Self { rows: side(height), columns: side(width) }
    }

    /// The cut whose tiles have at most `most_pixels` and that needs the least work; `None` where even the smallest
    /// sensible tiles are larger.
    #[must_use]
    pub fn fitting(height: usize, width: usize, deepest: Tap, most_pixels: f64) -> Option<Self> {
        let halo = halo(deepest);
        let columns: Vec<Side> = Side::cuts(width, halo).collect();
        Side::cuts(height, halo)
            .flat_map(|rows| columns.iter().map(move |columns| Self { rows: rows.clone(), columns: columns.clone() }))
            .filter(|tiles| tiles.tile_pixels() as f64 <= most_pixels)
            .min_by_key(|tiles| tiles.count() * tiles.tile_pixels())
    }

    /// Pixels of the smallest sensible tile.
    #[must_use]
    pub fn smallest_tile_pixels(height: usize, width: usize, deepest: Tap) -> usize {
        let smallest = |len| Side::cuts(len, halo(deepest)).map(|side| side.tile).min().unwrap_or(len);
        smallest(height) * smallest(width)
    }

    /// Number of tiles.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows.spans.len() * self.columns.spans.len()
    }

    /// Height and width of the canvas.
    #[must_use]
    pub fn canvas_size(&self) -> (usize, usize) {
        (self.rows.len, self.columns.len)
    }

    /// Height and width of a tile, halo included.
    #[must_use]
    pub fn tile_size(&self) -> (usize, usize) {
        (self.rows.tile, self.columns.tile)
    }

    /// Pixels of a tile, halo included.
    #[must_use]
    pub fn tile_pixels(&self) -> usize {
        self.rows.tile * self.columns.tile
    }

    /// Pixels of the canvas times what one evaluation costs more for the tiles' sake: halos are computed more than once,
    /// and all but one tile go forward twice, which is half of an evaluation.
    #[must_use]
    pub fn work_pixels(&self) -> f64 {
        let tile = self.tile_pixels() as f64;
        self.count() as f64 * tile + (self.count() - 1) as f64 * tile / 2.0
    }

    /// Height and width of the whole canvas's feature map at `tap`.
    #[must_use]
    pub fn map_size(&self, tap: Tap) -> (usize, usize) {
        (self.rows.len / scale(tap), self.columns.len / scale(tap))
    }

    /// The tiles, row by row.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Tile<'_>> {
        let columns = &self.columns.spans;
        self.rows
            .spans
            .iter()
            .flat_map(move |&rows| columns.iter().map(move |&columns| Tile { tiles: self, rows, columns }))
    }
}

impl Tile<'_> {
    /// What the tile reads of the canvas.
    #[must_use]
    pub fn on_canvas(&self) -> Region {
        let (height, width) = self.tiles.tile_size();
        Region { top: self.rows.origin, left: self.columns.origin, height, width }
    }

    /// The tile's place in the feature map of the whole canvas at `tap`.
    #[must_use]
    pub fn on_map(&self, tap: Tap) -> Region {
        let scale = scale(tap);
        let Region { top, left, height, width } = self.on_canvas();
        Region { top: top / scale, left: left / scale, height: height / scale, width: width / scale }
    }

    /// The interior's place in the tile's own feature map at `tap`.
    #[must_use]
    pub fn interior(&self, tap: Tap) -> Region {
        let (top, height) = self.rows.own(&self.tiles.rows, scale(tap));
        let (left, width) = self.columns.own(&self.tiles.columns, scale(tap));
        Region { top, left, height, width }
    }

    /// The interior's place in the feature map of the whole canvas at `tap`.
    #[must_use]
    pub fn interior_on_map(&self, tap: Tap) -> Region {
        let (map, own) = (self.on_map(tap), self.interior(tap));
        Region { top: map.top + own.top, left: map.left + own.left, ..own }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEEPEST: Tap = Tap::relu(5, 1);

    #[test]
    fn the_halo_is_the_receptive_fields_radius() {
        // Counted by hand: one pixel a convolution, doubled at every pooling.
        assert_eq!(halo(Tap::relu(1, 1)), 16);
        assert_eq!(halo(Tap::relu(4, 2)), 48); // 8 * 2 + 4 * 4 + 2 * 2 + 2 = 38
        assert_eq!(halo(DEEPEST), 80); // 16 + 8 * 4 + 4 * 4 + 2 * 2 + 2 = 70
    }

    #[test]
    fn interiors_cover_every_side_once_and_keep_their_halo() {
        let halo = halo(DEEPEST);
        for len in [225, 241, 256, 300, 301, 511, 512, 1000, 1366, 2731, 8192] {
            for side in Side::cuts(len, halo) {
                let mut covered = 0;
                for span in &side.spans {
                    assert_eq!((span.start, span.origin % GRID_PX), (covered, 0), "{side:?}");
                    assert!(span.origin + side.tile <= len && span.end > span.start, "{side:?}");
                    assert!(span.origin == 0 || span.start - span.origin >= halo, "{side:?}");
                    // Whole steps of the grid only: a rest at the end of a tile inside the picture is never pooled.
                    let reach = span.origin + side.tile / GRID_PX * GRID_PX;
                    assert!(span.end == len || reach - span.end >= halo, "{side:?}");
                    covered = span.end;
                }
                assert_eq!(covered, len);
                assert_eq!(side.tile % GRID_PX, len % GRID_PX, "one remainder for all");
            }
        }
    }

    #[test]
    fn interiors_of_every_feature_map_cover_it_once() {
        for (height, width) in [(301, 417), (1366, 2048), (333, 80)] {
            let room = 1.3 * Tiles::smallest_tile_pixels(height, width, DEEPEST) as f64;
            let tiles = Tiles::fitting(height, width, DEEPEST, room).unwrap();
            assert!(tiles.count() > 1 && tiles.tile_pixels() as f64 <= room);
            for tap in [Tap::relu(1, 1), Tap::relu(2, 1), Tap::relu(3, 1), Tap::relu(4, 2), DEEPEST] {
                let (map_height, map_width) = tiles.map_size(tap);
                let mut seen = vec![0; map_height * map_width];
                for tile in tiles.iter() {
                    let (map, own) = (tile.on_map(tap), tile.interior_on_map(tap));
                    assert!(map.top + map.height <= map_height && map.left + map.width <= map_width);
                    assert!(own.top + own.height <= map.top + map.height);
                    for row in own.top..own.top + own.height {
                        seen[row * map_width..][own.left..own.left + own.width].iter_mut().for_each(|n| *n += 1);
                    }
                }
                assert!(seen.iter().all(|n| *n == 1), "{height} x {width}, {tap:?}");
            }
        }
    }

    #[test]
    fn what_fits_is_one_tile_and_less_room_costs_more_work() {
        let at = |pixels: f64| Tiles::fitting(1366, 2048, DEEPEST, pixels);
        assert_eq!(at(1366.0 * 2048.0).unwrap(), Tiles::whole(1366, 2048));
        let works: Vec<f64> = [2e6, 1e6, 5e5, 2e5, 1e5].map(|pixels| at(pixels).unwrap().work_pixels()).to_vec();
        assert!(works.is_sorted() && works[0] > 1366.0 * 2048.0, "{works:?}");
        let smallest = Tiles::smallest_tile_pixels(1366, 2048, DEEPEST) as f64;
        assert!(at(smallest).is_some() && at(smallest - 1.0).is_none());
    }
}
