//! The page on which a contract is joined.

/// The invitation as it is typed.
#[derive(Debug, Default)]
pub(crate) struct JoinPage {
    /// The link, as the client sent it.
    pub(crate) link: String,
    /// The path of an invitation file.
    pub(crate) path: String,
}

impl JoinPage {
    /// Fills in an invitation. It is taken when the person says so: a link may come from anywhere.
    pub(crate) fn fill_in(&mut self, invitation: String) {
        let field = if invitation.starts_with('/') { &mut self.path } else { &mut self.link };
        *field = invitation;
    }
}
