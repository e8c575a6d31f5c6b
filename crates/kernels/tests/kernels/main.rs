//! The kernels against their references, the references against what is known, and any number of threads against one.

mod agreement;
mod bfloat16;
mod common;
mod definitions;
mod disentangled;
mod threads;
mod visibility;
