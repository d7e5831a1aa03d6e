//! The names that windows carry their properties under.

use x11rb::atom_manager;

atom_manager! {
    pub(super) Atoms:
    AtomsCookie {
        UTF8_STRING,
        COMPOUND_TEXT,
        WM_STATE,
        WM_CLIENT_LEADER,
        _NET_ACTIVE_WINDOW,
        _NET_CLIENT_LIST,
        _NET_FRAME_EXTENTS,
        _NET_SUPPORTING_WM_CHECK,
        _NET_WM_NAME,
        _NET_WM_PID,
        _NET_WM_WINDOW_OPACITY,
        _NET_WM_WINDOW_TYPE,
        _NET_WM_WINDOW_TYPE_COMBO,
        _NET_WM_WINDOW_TYPE_DESKTOP,
        _NET_WM_WINDOW_TYPE_DND,
        _NET_WM_WINDOW_TYPE_DOCK,
        _NET_WM_WINDOW_TYPE_DROPDOWN_MENU,
        _NET_WM_WINDOW_TYPE_MENU,
        _NET_WM_WINDOW_TYPE_NOTIFICATION,
        _NET_WM_WINDOW_TYPE_POPUP_MENU,
        _NET_WM_WINDOW_TYPE_TOOLTIP,
    }
}
