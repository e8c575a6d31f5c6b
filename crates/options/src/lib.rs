//! Options, declared once. [`options!`] and [`words!`] make of one declaration the type, its default, the reading of a
//! file with the place of every fault, the documentation and the JSON Schema.
//!
//! ```
//! use cloze_options::{Options, options, words};
//!
//! words! {
//!     /// How a rate falls.
//!     pub enum Shape {
//!         /// In a straight line.
//!         Linear = "linear",
//!         /// At once.
//!         Step = "step",
//!     }
//! }
//!
//! options! {
//!     /// What falls, and how.
//!     pub struct Falling {
//!         /// The share of tokens.
//!         pub rate: f64 = 0.15, above(0).below(1);
//!         /// The way.
//!         pub shape: Shape = Shape::Linear;
//!     }
//! }
//!
//! let falling = Falling::from_toml(&toml::toml! { rate = 0.3 }).unwrap();
//! assert_eq!(falling, Falling { rate: 0.3, ..Falling::default() });
//! let fault = Falling::from_toml(&toml::toml! { shape = "stepp" }).unwrap_err();
//! assert_eq!((fault.place().as_deref(), fault.nearest.as_deref()), (Some("shape"), Some("step")));
//! ```

pub mod amount;
pub mod field;
mod macros;
pub mod range;
mod schema;
pub mod show;
mod value;
mod written;

pub mod tree;

pub use amount::{Amount, Count, Quantity};
pub use field::{Field, Kind, Usual, Word, rows, told_once};
pub use range::Range;
pub use schema::{described, object};
pub use tree::{Member, Node, Table, Value};
pub use value::{OptionType, Options, Words, read_member};
pub use written::Written;

#[doc(hidden)]
pub use {cloze_foundation as foundation, serde, toml};
