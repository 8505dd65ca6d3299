//! One weight, by its rank.

use burn::tensor::{Device, Tensor};

use crate::device::transfer;

/// One weight.
#[derive(Debug, Clone)]
pub enum Weight {
    /// `[out, in]`
    Matrix(Tensor<2>),
    /// `[out]`
    Vector(Tensor<1>),
}

impl Weight {
    /// From row-major values; a vector has one dimension, a matrix two.
    ///
    /// # Panics
    /// If `shape` has another rank or disagrees with the number of values.
    pub fn upload(values: Vec<f32>, shape: &[usize], device: &Device) -> Self {
        match *shape {
            [out] => Self::Vector(transfer::upload(values, [out], device)),
            [out, input] => Self::Matrix(transfer::upload(values, [out, input], device)),
            _ => panic!("a weight has 1 or 2 dimensions, not {shape:?}"),
        }
    }

    /// Row-major values; reads the device.
    pub fn to_host(&self) -> Vec<f32> {
        match self {
            Self::Matrix(tensor) => transfer::to_host(tensor.clone()),
            Self::Vector(tensor) => transfer::to_host(tensor.clone()),
        }
    }

    /// Sizes of the dimensions.
    pub fn shape(&self) -> Vec<usize> {
        match self {
            Self::Matrix(tensor) => tensor.dims().to_vec(),
            Self::Vector(tensor) => tensor.dims().to_vec(),
        }
    }

    pub(super) fn require_grad(self) -> Self {
        match self {
            Self::Matrix(tensor) => Self::Matrix(tensor.require_grad()),
            Self::Vector(tensor) => Self::Vector(tensor.require_grad()),
        }
    }

    pub(super) fn inner(self) -> Self {
        match self {
            Self::Matrix(tensor) => Self::Matrix(tensor.inner()),
            Self::Vector(tensor) => Self::Vector(tensor.inner()),
        }
    }
}
