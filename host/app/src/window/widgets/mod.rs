//! The parts that views are put together from. They draw and answer what was done; they know no model.

pub(crate) mod buttons;
pub(crate) mod fields;
pub(crate) mod frame;
pub(crate) mod icons;
pub(crate) mod meters;
pub(crate) mod shot;
pub(crate) mod text;
