//! The mean absolute deviation of a window.
//!
//! It moves with the mean, so that no two windows can be put together. Short windows are gone through
//! bar by bar, which the compiler turns into wide instructions; long ones keep their values in a
//! search tree whose nodes know the sums below them, at a cost that grows with the logarithm of the
//! period.

#![allow(clippy::inline_always, reason = "the steps of a machine are one loop")]

/// Periods up to this one are gone through.
const SHORT: usize = 256;

/// Mean and mean absolute deviation of the last `period` values.
#[derive(Clone, Debug)]
pub(in crate::features) struct Spread {
    period: usize,
    /// The last values, in a ring.
    values: Vec<f64>,
    at: usize,
    tree: Tree,
}

impl Spread {
    pub(in crate::features) fn new(period: usize) -> Self {
        Self {
            period,
            values: Vec::with_capacity(period),
            at: 0,
            tree: Tree::default(),
        }
    }

    /// What a machine of it rejoins every so many bars: short windows are added up in the order of
    /// their ring, the shape of a tree depends on all that went through it.
    pub(in crate::features) fn rejoins(period: usize) -> usize {
        if period > SHORT { 0 } else { period }
    }

    /// (mean, mean absolute deviation), NaN before there are `period` values.
    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> (f64, f64) {
        let full = self.values.len() == self.period;
        if self.period > SHORT {
            self.tree.put(self.at, x, full);
        }
        if full {
            self.values[self.at] = x;
        } else {
            self.values.push(x);
        }
        self.at += 1;
        if self.at == self.period {
            self.at = 0;
        }
        if self.values.len() < self.period {
            return (f64::NAN, f64::NAN);
        }
        let num = self.period as f64;
        if self.period > SHORT {
            let mean = self.tree.sum() / num;
            (mean, self.tree.distances(mean) / num)
        } else {
            let mean = folded(&self.values, |x| x) / num;
            (mean, folded(&self.values, |x| (x - mean).abs()) / num)
        }
    }
}

/// The sum of `term` over all values, in lanes.
#[inline(always)]
fn folded(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    const LANES: usize = 8;
    let mut lanes = [0.0; LANES];
    let mut chunks = values.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane += term(value);
        }
    }
    let rest: f64 = chunks.remainder().iter().map(|&value| term(value)).sum();
    lanes.iter().sum::<f64>() + rest
}

/// No node.
const NONE: u32 = u32::MAX;

/// A value of the window.
#[derive(Clone, Copy, Debug)]
struct Node {
    value: f64,
    /// Sum of the values of the node and of all below it.
    sum: f64,
    /// Their number.
    count: u32,
    /// No node lies below one of lower priority: with random priorities the depth is a logarithm.
    priority: u32,
    left: u32,
    right: u32,
}

/// Values in order, one per place of the window's ring (Seidel and Aragon, 1996).
#[derive(Clone, Debug)]
struct Tree {
    nodes: Vec<Node>,
    root: u32,
    random: u32,
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            root: NONE,
            random: 0x9E37_79B9,
        }
    }
}

impl Tree {
    /// Puts `value` at a place of the ring, in the stead of the value there if there is one.
    fn put(&mut self, place: usize, value: f64, replaces: bool) {
        let node = place as u32;
        if replaces {
            self.root = self.without(self.root, node);
        }
        // Marsaglia's xorshift.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        let made = Node {
            value,
            sum: value,
            count: 1,
            priority: self.random,
            left: NONE,
            right: NONE,
        };
        if replaces {
            self.nodes[place] = made;
        } else {
            self.nodes.push(made);
        }
        let (less, more) = self.split(self.root, node);
        let less = self.joined(less, node);
        self.root = self.joined(less, more);
    }

    fn sum(&self) -> f64 {
        self.total(self.root).0
    }

    /// Sum of the distances of all values from `middle`.
    fn distances(&self, middle: f64) -> f64 {
        let (mut below, mut num_below) = (0.0, 0);
        let mut at = self.root;
        while at != NONE {
            let node = &self.nodes[at as usize];
            if node.value > middle {
                at = node.left;
            } else {
                let (sum, count) = self.total(node.left);
                below += sum + node.value;
                num_below += count + 1;
                at = node.right;
            }
        }
        let (sum, count) = self.total(self.root);
        (sum - below - f64::from(count - num_below) * middle)
            + (f64::from(num_below) * middle - below)
    }

    fn total(&self, node: u32) -> (f64, u32) {
        match self.nodes.get(node as usize) {
            Some(node) => (node.sum, node.count),
            None => (0.0, 0),
        }
    }

    /// Whether one node's value is before another's; equal values are in the order of their places.
    fn is_before(&self, a: u32, b: u32) -> bool {
        let key = |node: u32| (self.nodes[node as usize].value, node);
        key(a) < key(b)
    }

    /// Sums a node up again after what is below it changed.
    fn renewed(&mut self, at: u32) -> u32 {
        let node = self.nodes[at as usize];
        let ((left, num_left), (right, num_right)) =
            (self.total(node.left), self.total(node.right));
        let node = &mut self.nodes[at as usize];
        node.sum = left + node.value + right;
        node.count = num_left + 1 + num_right;
        at
    }

    /// The nodes of a tree before `node`, and those after it.
    fn split(&mut self, at: u32, node: u32) -> (u32, u32) {
        if at == NONE {
            return (NONE, NONE);
        }
        if self.is_before(at, node) {
            let (less, more) = self.split(self.nodes[at as usize].right, node);
            self.nodes[at as usize].right = less;
            (self.renewed(at), more)
        } else {
            let (less, more) = self.split(self.nodes[at as usize].left, node);
            self.nodes[at as usize].left = more;
            (less, self.renewed(at))
        }
    }

    /// One tree of two, all nodes of `less` being before those of `more`.
    fn joined(&mut self, less: u32, more: u32) -> u32 {
        if less == NONE {
            return more;
        }
        if more == NONE {
            return less;
        }
        if self.nodes[less as usize].priority >= self.nodes[more as usize].priority {
            let right = self.joined(self.nodes[less as usize].right, more);
            self.nodes[less as usize].right = right;
            self.renewed(less)
        } else {
            let left = self.joined(less, self.nodes[more as usize].left);
            self.nodes[more as usize].left = left;
            self.renewed(more)
        }
    }

    /// The tree without one of its nodes.
    fn without(&mut self, at: u32, node: u32) -> u32 {
        let Node { left, right, .. } = self.nodes[at as usize];
        if at == node {
            return self.joined(left, right);
        }
        if self.is_before(at, node) {
            let right = self.without(right, node);
            self.nodes[at as usize].right = right;
        } else {
            let left = self.without(left, node);
            self.nodes[at as usize].left = left;
        }
        self.renewed(at)
    }
}
