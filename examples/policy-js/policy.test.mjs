// The policy's logic, in node: it is plain JavaScript until it is built.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { judging, setup } from './policy.js';

const area = { x: 0, y: 0, width: 100, height: 50 };
const scene = (windows, kind = 'snapshot') => ({ kind: () => kind, at: () => 0n, windows: () => windows });
const mask = (index, rule) => ({ target: { tag: 'window', val: index }, cover: 'fill', rule });
const refusal = (settings) => {
  try {
    setup.configure(settings);
  } catch (errors) {
    return errors.map((error) => error.place);
  }
  return null;
};

test('windows of the applications in the list are covered and lose their texts', () => {
  setup.configure('{"applications": ["Signal", "KeePassXC"]}');
  assert.deepEqual(
    judging.judge(
      scene([
        { app: 'xterm', title: 'notes', area },
        { app: 'keepassxc', title: 'Passwords', area },
        { app: 'Signal', title: 'Mara', url: 'x:y', area: { ...area, width: 0 } },
        { app: undefined, title: undefined, area },
      ]),
    ),
    {
      tag: 'redact',
      val: {
        masks: [mask(1, 1), mask(3, 2)],
        hidings: [
          { window: 1, field: 'title', rule: 1 },
          { window: 2, field: 'title', rule: 0 },
          { window: 2, field: 'url', rule: 0 },
        ],
      },
    },
  );
  assert.deepEqual(judging.rules(), [
    { words: 'Application is "Signal": solid block' },
    { words: 'Application is "KeePassXC": solid block' },
    { words: 'Windows without a readable application: covered' },
  ]);
});

test('a list of windows has no picture to cover', () => {
  setup.configure('{"applications": ["Signal"]}');
  assert.deepEqual(judging.judge(scene([{ app: 'Signal', title: 'Mara', area }], 'focus')), {
    tag: 'redact',
    val: { masks: [], hidings: [{ window: 0, field: 'title', rule: 0 }] },
  });
  assert.deepEqual(judging.judge(scene([{ app: 'xterm', title: 'x', area }])), { tag: 'keep' });
});

test('without a list everything is kept', () => {
  for (const settings of ['', 'null', '{}', '{"applications": []}']) {
    setup.configure(settings);
    assert.deepEqual(judging.judge(scene([{ area }])), { tag: 'keep' });
    assert.deepEqual(judging.rules(), []);
  }
});

test('bad settings are refused with their place', () => {
  for (const [settings, places] of [
    ['{', ['']],
    ['[]', ['']],
    ['7', ['']],
    ['{"apps": []}', ['/apps']],
    ['{"applications": "Signal"}', ['/applications']],
    ['{"applications": ["a", 7, ""]}', ['/applications/1', '/applications/2']],
  ]) {
    assert.deepEqual(refusal(settings), places, settings);
  }
});
