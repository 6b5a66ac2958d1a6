import { reasons } from '../reason.ts';

export const eventReasons = reasons({
  event_text_too_long: { class: 'bad_input', text: 'This text may have at most {limit} characters.' },
  event_number_unfit: { class: 'bad_input', text: 'This number must be from 0 to {largest}.' },
  event_origin_reserved: {
    class: 'bad_input',
    text: 'Events of {origin} are written by the manager itself. Name the program that this one comes from.',
  },
  event_id_taken: { class: 'conflict', text: '{origin} has an event with the number {id} already.' },
});
