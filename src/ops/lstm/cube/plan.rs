//! How a layer is laid over a device: which path, how many rows a cube takes, what it keeps on chip.

use cubecl::client::Client;

/// Rows of weights that the inner loop takes at once.
pub(super) const DEPTH: usize = 4;

/// Features up to which the kernel multiplies x itself; beyond, one product for the whole sequence.
const MOST_FEATURES: usize = 32;

/// Rows of the batch in a cube at most: their sums are registers of every unit.
const MOST_ROWS: usize = 16;

/// Units of a cube at most: what WebGPU guarantees, and few enough for the registers.
const MOST_UNITS: usize = 256;

/// Units of a cube that has few sums to make, on a device that tells how many processors it has (and
/// whose drivers give a large cube the registers that it needs): twice the loads under way.
const MOST_UNITS_OF_FEW_SUMS: usize = 512;

/// Sums of a unit below which they are few: an instruction each, and a load takes tens of them.
const FEW_SUMS: usize = 8;

/// Bytes of weights that a cube may read from the device's memory (its cache, in truth) at every
/// step: all of them at H = 128 with 32 features, as on a device with 32 KiB of shared memory.
const MOST_STREAMED: usize = 320 * 1024;

/// Cubes that a device of unknown size is assumed to run at once.
const PROCESSORS: usize = 64;

/// Rounds of loops in one launch: software drivers cut a kernel off after 65,535.
const MOST_ROUNDS: usize = 48_000;

/// What limits a plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hardware {
    /// Bytes of shared memory.
    pub(super) shared: usize,
    /// Units of a cube.
    pub(super) units: usize,
    /// Units of a cube that has few sums to make.
    units_of_few_sums: usize,
    /// Cubes that run at once, at one for each processor.
    pub(super) processors: usize,
    /// A driver that runs on the CPU.
    pub(super) software: bool,
}

impl Hardware {
    pub(super) fn of(client: &Client) -> Self {
        let properties = client.properties();
        let hardware = &properties.hardware;
        let most = hardware.max_units_per_cube as usize;
        let (processors, few) = match hardware.num_streaming_multiprocessors {
            Some(count) => (count as usize, MOST_UNITS_OF_FEW_SUMS),
            None => (PROCESSORS, MOST_UNITS),
        };
        Self {
            shared: hardware.max_shared_memory_size,
            units: most.min(MOST_UNITS),
            units_of_few_sums: most.min(few),
            processors,
            software: properties.identity.physical.is_none(),
        }
    }
}

/// The product of a step in a persistent kernel, compiled in: `rows` rows of the batch times
/// `[depth, width]` weights, the depth in groups of [`DEPTH`].
///
/// A unit sums `columns` columns, `across` apart, over every `slices`-th group of the depth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Tile {
    /// H
    pub(super) hidden: usize,
    /// Features that the kernel multiplies; 0 if their products come ready.
    pub(super) features: usize,
    /// Rows of the batch in a cube.
    pub(super) rows: usize,
    /// Units of a cube.
    pub(super) units: usize,
    /// Columns of the product.
    pub(super) width: usize,
    /// Units beside each other.
    pub(super) across: usize,
    /// Columns of a unit.
    pub(super) columns: usize,
    /// Parts of the depth.
    pub(super) slices: usize,
    /// Groups of the depth.
    pub(super) groups: usize,
    /// Of which in shared memory, from the first.
    pub(super) kept: usize,
}

impl Tile {
    /// Gates from `[x | h]`, or from h alone; none if the device cannot hold it.
    pub(super) fn forward(
        hardware: Hardware,
        batch: usize,
        features: usize,
        hidden: usize,
    ) -> Option<Self> {
        let features = if features <= MOST_FEATURES {
            features
        } else {
            0
        };
        let tile = Self {
            hidden,
            features,
            width: 4 * hidden,
            columns: (4 * hidden).div_ceil(hardware.units),
            groups: (features + hidden).div_ceil(DEPTH),
            ..Self::default()
        };
        tile.fit(hardware, batch)
    }

    /// The gradient of h from those of the gates; none if the device cannot hold it.
    pub(super) fn backward(hardware: Hardware, batch: usize, hidden: usize) -> Option<Self> {
        let tile = Self {
            hidden,
            width: hidden,
            // A quarter of the units across, so that the depth of 4H is cut in four.
            columns: hidden.div_ceil((hardware.units / 4).max(1)),
            groups: 4 * hidden / DEPTH,
            ..Self::default()
        };
        tile.fit(hardware, batch)
    }

    /// The fewest rows with which the batch fills the device once, and as many weights as fit.
    fn fit(mut self, hardware: Hardware, batch: usize) -> Option<Self> {
        // Drivers round the parts of shared memory up.
        let shared = hardware.shared.saturating_sub(256);
        let wanted = batch.div_ceil(hardware.processors).next_power_of_two();
        self = self.with_rows(wanted.min(MOST_ROWS), hardware);
        while self.rows > 1 && self.bytes() > shared / 8 * 7 {
            self = self.with_rows(self.rows / 2, hardware);
        }
        let group = 4 * DEPTH * self.width;
        self.kept = (shared.checked_sub(self.bytes())? / group).min(self.groups);
        let streamed = (self.groups - self.kept) * group;
        (streamed <= MOST_STREAMED).then_some(self)
    }

    fn with_rows(self, rows: usize, hardware: Hardware) -> Self {
        let most = if rows * self.columns < FEW_SUMS {
            hardware.units_of_few_sums
        } else {
            hardware.units
        };
        let across = self.width.div_ceil(self.columns);
        // Four groups for each slice at least: its sum is written and read.
        let slices = (most / across).clamp(1, (self.groups / 4).max(1));
        Self {
            rows,
            across,
            slices,
            units: (across * slices).next_multiple_of(32).min(most),
            ..self
        }
    }

    /// Shared memory beside the weights.
    fn bytes(&self) -> usize {
        let inputs = self.groups * DEPTH * self.rows;
        let partial = self.slices * self.width * (self.rows + 1);
        4 * (inputs + partial + 4 * self.hidden)
    }

    /// Cubes for the batch.
    pub(super) fn cubes(&self, batch: usize) -> usize {
        batch.div_ceil(self.rows)
    }

    /// Steps of one launch.
    pub(super) fn steps(&self) -> usize {
        let before = (self.kept * DEPTH * self.width).div_ceil(self.units);
        let rounds = self.groups.div_ceil(self.slices) + 4;
        (MOST_ROUNDS.saturating_sub(before) / rounds).max(1)
    }
}
