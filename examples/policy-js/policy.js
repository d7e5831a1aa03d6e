// A policy in JavaScript without any SDK, straight from the WIT: it covers every window of the applications in a list, and
// every window whose application cannot be told.
//
// Settings: {"applications": ["KeePassXC", "Signal"]}. Case does not matter.
//
// The world (wit/world.wit) exports two interfaces, `setup` and `judging`; each is an exported object here, its functions
// in camelCase. A policy is a pure function: no clock, no random, no console, no network. The build switches all of that
// off in the JavaScript engine, too.

/** The applications, in lower case, as `configure` found them. An instance is configured once. */
let applications = [];

/** The rules in words. A verdict names them by index: first the applications in their order, last what cannot be told. */
let words = [];

export const setup = {
  /**
   * Takes the settings, a JSON text. A refusal is a thrown list of {place, reason}: in the WIT the error of a result.
   */
  configure(settings) {
    let given;
    try {
      given = settings.trim() === '' ? {} : (JSON.parse(settings) ?? {});
    } catch (error) {
      throw [{ place: '', reason: `The settings are not valid JSON: ${error.message}.` }];
    }
    if (typeof given !== 'object' || Array.isArray(given)) {
      throw [{ place: '', reason: 'Settings are a JSON object, such as {"applications": ["Signal"]}.' }];
    }
    // Privacy rules with a mistyped name must not quietly do nothing.
    const errors = Object.keys(given)
      .filter((key) => key !== 'applications')
      .map((key) => ({ place: `/${key}`, reason: 'Unknown: the only setting is `applications`.' }));
    const list = given.applications ?? [];
    if (!Array.isArray(list)) {
      errors.push({ place: '/applications', reason: 'Give a list of names, such as ["Signal"].' });
    } else if (list.length > 255) {
      errors.push({ place: '/applications', reason: 'At most 255 applications are allowed.' });
    } else {
      list.forEach((name, index) => {
        if (typeof name !== 'string' || name.trim() === '') {
          errors.push({ place: `/applications/${index}`, reason: 'Give the name of an application.' });
        }
      });
    }
    if (errors.length > 0) throw errors;
    applications = list.map((name) => name.toLowerCase());
    words = list.map((name) => `Application is "${name.slice(0, 40)}": solid block`);
    if (list.length > 0) words.push('Windows without a readable application: covered');
  },
};

export const judging = {
  /** Called once after `configure`, before any scene is seen. A record is an object. */
  rules() {
    return words.map((text) => ({ words: text }));
  },

  /**
   * Judges a scene. `scene` is a resource: an object whose methods ask the host. A variant is {tag, val}, an enum a
   * string, none is undefined. `frame` is always undefined here: it is there only for policies that import `pixels`.
   */
  judge(scene, _frame) {
    if (applications.length === 0) return { tag: 'keep' };
    const masks = [];
    const hidings = [];
    // Only a picture of the screen shows windows.
    const picture = scene.kind() === 'snapshot';
    scene.windows().forEach((window, index) => {
      // What cannot be told is covered: it might be one of the list.
      const rule =
        window.app === undefined ? applications.length : applications.indexOf(window.app.toLowerCase());
      if (rule < 0) return;
      // A window of 0 by 0 is not on screen.
      if (picture && window.area.width > 0 && window.area.height > 0) {
        masks.push({ target: { tag: 'window', val: index }, cover: 'fill', rule });
      }
      if (window.title !== undefined) hidings.push({ window: index, field: 'title', rule });
      if (window.url !== undefined) hidings.push({ window: index, field: 'url', rule });
    });
    if (masks.length === 0 && hidings.length === 0) return { tag: 'keep' };
    return { tag: 'redact', val: { masks, hidings } };
  },
};
