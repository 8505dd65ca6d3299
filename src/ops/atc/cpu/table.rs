//! What comes out, as columns.

/// A float that prices come in and results go out as.
pub trait Number: Copy + Default + Send + Sync + 'static {
    /// As float64, exactly.
    fn wide(self) -> f64;
    /// Rounded to this type.
    fn narrow(value: f64) -> Self;
}

impl Number for f32 {
    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn narrow(value: f64) -> Self {
        value as f32
    }
}

impl Number for f64 {
    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }
    #[inline(always)]
    fn narrow(value: f64) -> Self {
        value
    }
}

/// Results of all rows behind one another: the last bars of each, as many as were asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table<Y> {
    /// Where each row starts, and the end of the last.
    pub starts: Vec<usize>,
    /// The average of the families' signals, -1 to 1; 0 before the cutout.
    pub average: Vec<Y>,
    /// -1, 0 or 1.
    pub class: Vec<i8>,
    /// The first layer by family, rounded to hundredths; NaN before the cutout.
    pub signals: [Vec<Y>; 6],
    /// The second layer by family; NaN before the cutout.
    pub weights: [Vec<Y>; 6],
}

impl<Y: Number> Table<Y> {
    /// Room for the last `keep` bars of rows of these lengths.
    pub(super) fn new(lengths: impl Iterator<Item = usize>, keep: usize) -> Self {
        let mut starts = vec![0];
        let mut end = 0;
        for length in lengths {
            end += length.min(keep);
            starts.push(end);
        }
        let column = || vec![Y::default(); end];
        Self {
            starts,
            average: column(),
            class: vec![0; end],
            signals: std::array::from_fn(|_| column()),
            weights: std::array::from_fn(|_| column()),
        }
    }

    /// Rows of the table.
    pub fn num_rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The places of row `row`.
    pub fn range(&self, row: usize) -> std::ops::Range<usize> {
        self.starts[row]..self.starts[row + 1]
    }

    /// All of it, to be cut into [`Part`]s.
    pub(super) fn part(&mut self) -> Part<'_, Y> {
        Part {
            average: &mut self.average,
            class: &mut self.class,
            signals: self.signals.each_mut().map(Vec::as_mut_slice),
            weights: self.weights.each_mut().map(Vec::as_mut_slice),
        }
    }
}

impl Table<f32> {
    /// Adds rows from what [`super::super::Prepared::classify`] gives, `[14, n, kept]`, row `i` being
    /// the last of `lengths[i]` bars.
    ///
    /// Signals become the float32 nearest to their hundredths, which a device's division may miss.
    ///
    /// # Panics
    /// If there are fewer values.
    pub fn append_planes(&mut self, planes: &[f32], lengths: &[usize], kept: usize) {
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        for (row, &length) in lengths.iter().enumerate() {
            let num = length.min(kept);
            let plane = |plane: usize| &planes[(plane * lengths.len() + row) * kept..][..num];
            self.starts.push(self.average.len() + num);
            self.average.extend_from_slice(plane(0));
            self.class.extend(plane(1).iter().map(|&class| class as i8));
            for (k, column) in self.signals.iter_mut().enumerate() {
                let nearest = |signal: &f32| (100.0 * signal).round() / 100.0;
                column.extend(plane(2 + k).iter().map(nearest));
            }
            for (k, column) in self.weights.iter_mut().enumerate() {
                column.extend_from_slice(plane(8 + k));
            }
        }
    }
}

/// Neighbouring rows of a table, one thread's own.
#[derive(Default)]
pub(super) struct Part<'a, Y> {
    average: &'a mut [Y],
    class: &'a mut [i8],
    signals: [&'a mut [Y]; 6],
    weights: [&'a mut [Y]; 6],
}

impl<Y: Number> Part<'_, Y> {
    /// Takes the first `len` places away.
    pub(super) fn split_off(&mut self, len: usize) -> Self {
        Self {
            average: self.average.split_off_mut(..len).unwrap_or_default(),
            class: self.class.split_off_mut(..len).unwrap_or_default(),
            signals: self
                .signals
                .each_mut()
                .map(|column| column.split_off_mut(..len).unwrap_or_default()),
            weights: self
                .weights
                .each_mut()
                .map(|column| column.split_off_mut(..len).unwrap_or_default()),
        }
    }

    #[inline(always)]
    pub(super) fn write_vote(&mut self, place: usize, average: f64, class: f64) {
        self.average[place] = Y::narrow(average);
        self.class[place] = class as i8;
    }

    #[inline(always)]
    pub(super) fn signals(&mut self, family: usize) -> &mut [Y] {
        self.signals[family]
    }

    #[inline(always)]
    pub(super) fn weights(&mut self, family: usize) -> &mut [Y] {
        self.weights[family]
    }
}
