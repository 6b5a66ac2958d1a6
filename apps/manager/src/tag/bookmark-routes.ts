import { randomUUID } from 'node:crypto';
import { linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { events } from '@ostler/domain/events/catalogue';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { bookmarkProblems } from '@ostler/domain/tag/rules';
import { emit } from '../audit/store.ts';
import { there } from '../db/database.ts';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { bookmarkNames, findBookmark, insertBookmark, listBookmarks, removeBookmark, updateBookmark, type BookmarkRow } from './store.ts';

const text = phrases({
  'bookmark.add': 'Adding bookmark {name}',
  'bookmark.update': 'Changing bookmark {name}',
  'bookmark.remove': 'Removing bookmark {name}',
});
const turn = 'bookmarks';

const collection = serve('bookmarks', {
  list: async ({ db, reader, parameters }) => (await listBookmarks(db, reader, parameters.max)).map(document),
  add({ db, reader, input, mutate, correlation }) {
    const bookmark = { id: input.id?.toLowerCase() ?? randomUUID(), name: input.name ?? '', value: input.value ?? '' };
    return mutate({
      objects: [turn],
      plan: async (tx) =>
        bookmarkProblems(bookmark, await bookmarkNames(tx, bookmark.id)) ??
        plan({ title: text['bookmark.add']({ name: bookmark.name }), data: bookmark }),
      apply: async (tx) => {
        await insertBookmark(tx, bookmark);
        await emit(tx, events.bookmark_added({ name: bookmark.name }), { user: reader.user.id }, correlation);
      },
      answer: async () => document(there(await findBookmark(db, reader, bookmark.id))),
    });
  },
});

const item = serve('bookmark', {
  async get({ db, reader, ids }) {
    const bookmark = await findBookmark(db, reader, ids.bookmark);
    return bookmark && document(bookmark);
  },
  update: ({ db, reader, ids, input, mutate, correlation }) =>
    mutate({
      objects: [turn],
      plan: async (tx) => {
        const before = there(await findBookmark(tx, reader, ids.bookmark));
        const after = { ...before, name: input.name ?? before.name, value: input.value ?? before.value };
        return (
          bookmarkProblems(after, await bookmarkNames(tx, after.id)) ??
          plan({ title: text['bookmark.update']({ name: after.name }), data: after })
        );
      },
      apply: async (tx, bookmark) => {
        await updateBookmark(tx, bookmark);
        await emit(tx, events.bookmark_updated({ name: bookmark.name }), { user: reader.user.id }, correlation);
      },
      answer: async () => document(there(await findBookmark(db, reader, ids.bookmark))),
    }),
  remove: ({ reader, ids, mutate, correlation }) =>
    mutate({
      objects: [turn],
      plan: async (tx) => {
        const { name } = there(await findBookmark(tx, reader, ids.bookmark));
        return plan({ title: text['bookmark.remove']({ name }), data: name });
      },
      apply: async (tx, name) => {
        await removeBookmark(tx, ids.bookmark);
        await emit(tx, events.bookmark_removed({ name }), { user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    }),
});

export const bookmarkServices = [mounted(collection), mounted(item)];

const document = ({ id, name, value }: BookmarkRow): Api['bookmark'] =>
  linked({ id, name, value }, 'bookmarks/{bookmark}', { bookmark: id });
