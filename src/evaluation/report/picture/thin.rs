//! Long series, cut to what a picture can show.

/// Width of the strips of which no more than four points are kept.
const STRIP: f64 = 2.0;

/// The first, the lowest, the highest and the last point of every strip: what is drawn looks the same.
///
/// `points` are places in the picture, ordered by their first number.
pub(super) fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept = Vec::new();
    let mut start = 0;
    while start < points.len() {
        let strip = (points[start].0 / STRIP).floor();
        let length = points[start..]
            .iter()
            .take_while(|(x, _)| (x / STRIP).floor() <= strip)
            .count()
            .max(1);
        let inside = &points[start..start + length];
        start += length;
        if inside.len() <= 4 {
            kept.extend_from_slice(inside);
            continue;
        }
        let extreme = |wanted: fn(f64, f64) -> bool| {
            let mut found = 0;
            for (at, point) in inside.iter().enumerate() {
                if wanted(point.1, inside[found].1) {
                    found = at;
                }
            }
            found
        };
        let mut chosen = [
            0,
            extreme(|a, b| a < b),
            extreme(|a, b| a > b),
            inside.len() - 1,
        ];
        chosen.sort_unstable();
        for (at, index) in chosen.iter().enumerate() {
            if at == 0 || chosen[at - 1] != *index {
                kept.push(inside[*index]);
            }
        }
    }
    kept
}

/// A band's lower and upper edges, widened within every strip to what they enclose.
pub(super) fn thinned_band(band: &[(f64, f64, f64)]) -> Vec<(f64, f64, f64)> {
    let mut kept: Vec<(f64, f64, f64)> = Vec::new();
    let mut strip = f64::NEG_INFINITY;
    for &(x, low, high) in band {
        let this = (x / STRIP).floor();
        match kept.last_mut() {
            Some(last) if this <= strip => {
                // Places count downwards: the lower edge is the larger number.
                last.1 = last.1.max(low);
                last.2 = last.2.min(high);
            }
            _ => {
                kept.push((x, low, high));
                strip = this;
            }
        }
    }
    kept
}
