/// Steps of the work: some milliseconds of one core.
const STEPS: u64 = 2_500_000;

/// What every request costs, in the app and in the hand-written server alike. Each step needs the one before it.
pub(crate) fn work() -> u64 {
    (0..STEPS).fold(0x9e37_79b9_7f4a_7c15, |number: u64, step| {
        std::hint::black_box(number ^ step).wrapping_mul(0x5851_f42d_4c95_7f2d).rotate_left(23)
    })
}
