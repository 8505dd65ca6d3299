//! Angles for kernels. The drivers' own functions are too coarse: Vulkan allows a sine an error of
//! 5e-4 and an arctangent 4,096 units in the last place.

use cubecl::prelude::*;

/// Degrees of a radian.
pub(super) const DEGREES: f32 = 180.0 / std::f32::consts::PI;

/// Parts of a turn, in radians.
const EIGHTH: f32 = std::f32::consts::FRAC_PI_4;
const QUARTER: f32 = std::f32::consts::FRAC_PI_2;

/// `magnitude` with the sign of `sign`.
#[cube]
fn signed(magnitude: f32, sign: f32) -> f32 {
    select(sign < 0.0f32, -magnitude, magnitude)
}

#[cube]
pub(super) fn absolute(x: f32) -> f32 {
    select(x < 0.0f32, -x, x)
}

/// The arctangent of `y / x` in radians, -pi/2 to pi/2, within 2e-7; 0 where `y` is 0. `x` and `y`
/// are not both infinite.
#[cube]
pub(super) fn arctangent(y: f32, x: f32) -> f32 {
    let over = absolute(y);
    let under = absolute(x);
    let steep = over > under;
    let most = select(steep, over, under);
    let least = select(steep, under, over);
    // 0 / 0 is no angle.
    let ratio = least / select(most == 0.0f32, 1.0f32, most);
    // tan(pi/8): beyond it the angle is taken from pi/4.
    let far = ratio > 0.414_213_56f32;
    let near = select(far, (ratio - 1.0f32) / (ratio + 1.0f32), ratio);
    let square = near * near;
    let series = ((0.080_537_44f32 * square - 0.138_776_86f32) * square + 0.199_777_11f32) * square
        - 0.333_329_5f32;
    let rest = series * square * near + near;
    let angle = select(far, EIGHTH + rest, rest);
    let whole = select(steep, QUARTER - angle, angle);
    signed(signed(whole, y), x)
}

/// The sine of an angle in degrees within 3e-7.
#[cube]
pub(super) fn sine(degrees: f32) -> f32 {
    let turns = f32::floor((degrees + 180.0f32) / 360.0f32);
    let turned = degrees - 360.0f32 * turns;
    let flat = select(
        turned > 90.0f32,
        180.0f32 - turned,
        select(turned < -90.0f32, -180.0f32 - turned, turned),
    );
    let x = flat / DEGREES;
    let square = x * x;
    let series = (((-2.505_210_8e-8f32 * square + 2.755_731_9e-6f32) * square - 1.984_127e-4f32)
        * square
        + 8.333_333e-3f32)
        * square
        - 0.166_666_67f32;
    x + x * square * series
}
