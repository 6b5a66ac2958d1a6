import { expect, test } from 'vitest';
import { isRefusal, reasons, refusalOf, refuse, sentence } from './reason.ts';

const sample = reasons({
  sample_busy: { class: 'conflict', text: 'Cannot start VM {vm}: {job} holds it. Wait for it to finish.' },
  sample_nameless: { class: 'bad_input', text: 'A name is needed.' },
});

test('a reason renders its sentence from its parameters', () => {
  expect(sentence(sample.sample_busy({ vm: 'web', job: 'Removing disk' }))).toBe(
    'Cannot start VM web: Removing disk holds it. Wait for it to finish.',
  );
});

test('a reason names the field at fault', () => {
  expect(sentence(sample.sample_nameless('vm.name'))).toBe('A name is needed. [vm.name]');
});

test('a code is declared once', () => {
  expect(() => reasons({ sample_busy: { class: 'conflict', text: 'again' } })).toThrow('declared twice');
});

test('a refusal gathers every reason that holds, and nothing refused is no refusal', () => {
  expect(refusalOf([undefined, false])).toBeUndefined();
  const both = refusalOf([sample.sample_nameless(), undefined, sample.sample_busy({ vm: 'a', job: 'b' })]);
  expect(both?.refused.map((reason) => reason.code)).toEqual(['sample_nameless', 'sample_busy']);
  expect(isRefusal(refuse(sample.sample_nameless()))).toBe(true);
});

test('a code of another version of the manager is shown as it is', () => {
  expect(sentence({ code: 'from_the_future', class: 'conflict', parameters: {} })).toBe('from_the_future');
});
