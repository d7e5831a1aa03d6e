//! The window's widgets: buttons, fields, lines, marks. They draw, and return what was done; they know no model.

pub(crate) mod buttons;
pub(crate) mod fields;
pub(crate) mod icons;
pub(crate) mod layout;
pub(crate) mod meters;
pub(crate) mod screenshot;
pub(crate) mod text;
