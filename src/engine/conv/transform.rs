//! The transforms of Winograd's F(4x4, 3x3), in one dimension, a vector of channels at a time.
//!
//! A 3x3 convolution of a 6x6 patch `d` with a kernel `g` gives 4x4 outputs as `A^T [(G g G^T) . (B^T d B)] A`
//! (Lavin & Gray 2016, arXiv 1509.09308, interpolation points 0, 1, -1, 2, -2 and infinity).

use pulp::Simd;

/// Outputs along one side of a tile.
pub const TILE: usize = 4;
/// Inputs along one side of a tile.
pub const PATCH: usize = 6;
/// Elements of a transformed tile.
pub const FREQUENCIES: usize = PATCH * PATCH;

/// `G g`: one column of a kernel.
#[inline(always)]
pub fn kernel<S: Simd>(simd: S, g: [S::f32s; 3]) -> [S::f32s; PATCH] {
    let even = simd.mul_f32s(simd.splat_f32s(1.0 / -6.0), simd.add_f32s(g[0], g[2])); // -(g0 + g2) / 6
    let far_even =
        simd.mul_add_e_f32s(simd.splat_f32s(1.0 / 6.0), g[2], simd.mul_f32s(simd.splat_f32s(1.0 / 24.0), g[0])); // g0 / 24 + g2 / 6
    [
        simd.mul_f32s(simd.splat_f32s(1.0 / 4.0), g[0]),
        simd.mul_add_e_f32s(simd.splat_f32s(1.0 / -6.0), g[1], even),
        simd.mul_add_e_f32s(simd.splat_f32s(1.0 / 6.0), g[1], even),
        simd.mul_add_e_f32s(simd.splat_f32s(1.0 / 12.0), g[1], far_even),
        simd.mul_add_e_f32s(simd.splat_f32s(1.0 / -12.0), g[1], far_even),
        g[2],
    ]
}

/// `B^T d`: one row or column of a patch.
#[inline(always)]
pub fn input<S: Simd>(simd: S, d: [S::f32s; PATCH]) -> [S::f32s; PATCH] {
    let two = simd.splat_f32s(2.0);
    let four = simd.splat_f32s(4.0);
    let five = simd.splat_f32s(5.0);
    let d4_4d2 = simd.negate_mul_add_e_f32s(four, d[2], d[4]); // d4 - 4 d2
    let d3_4d1 = simd.negate_mul_add_e_f32s(four, d[1], d[3]); // d3 - 4 d1
    let d4_d2 = simd.sub_f32s(d[4], d[2]);
    let d3_d1 = simd.sub_f32s(d[3], d[1]);
    [
        simd.mul_add_e_f32s(four, d[0], simd.negate_mul_add_e_f32s(five, d[2], d[4])),
        simd.add_f32s(d4_4d2, d3_4d1),
        simd.sub_f32s(d4_4d2, d3_4d1),
        simd.mul_add_e_f32s(two, d3_d1, d4_d2),
        simd.negate_mul_add_e_f32s(two, d3_d1, d4_d2),
        simd.mul_add_e_f32s(four, d[1], simd.negate_mul_add_e_f32s(five, d[3], d[5])),
    ]
}

/// `A^T m`: one row or column of a tile of products.
#[inline(always)]
pub fn output<S: Simd>(simd: S, m: [S::f32s; PATCH]) -> [S::f32s; TILE] {
    let two = simd.splat_f32s(2.0);
    let four = simd.splat_f32s(4.0);
    let eight = simd.splat_f32s(8.0);
    let sum12 = simd.add_f32s(m[1], m[2]);
    let difference12 = simd.sub_f32s(m[1], m[2]);
    let sum34 = simd.add_f32s(m[3], m[4]);
    let difference34 = simd.sub_f32s(m[3], m[4]);
    [
        simd.add_f32s(m[0], simd.add_f32s(sum12, sum34)),
        simd.mul_add_e_f32s(two, difference34, difference12),
        simd.mul_add_e_f32s(four, sum34, sum12),
        simd.mul_add_e_f32s(eight, difference34, simd.add_f32s(difference12, m[5])),
    ]
}
