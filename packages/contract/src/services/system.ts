import { login, needs, permit, system, visible } from '../access.ts';
import type { ServiceDeclarations } from '../service-language.ts';

/** The entry point and what belongs to no noun. */
export const systemServices = {
  system: {
    paths: [''],
    type: 'api',
    methods: {
      get: { access: login },
      reloadconfigurations: { notBuilt: true },
    },
  },
  changes: {
    ostler: true,
    paths: ['changes'],
    methods: {
      get: { access: visible, raw: 'text/event-stream', ostler: true },
    },
  },
  bookmarks: {
    paths: ['bookmarks'],
    type: 'bookmark',
    root: 'bookmarks',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('bookmark_management', system)), mandatory: ['name', 'value'] },
    },
  },
  bookmark: {
    paths: ['bookmarks/{bookmark}'],
    type: 'bookmark',
    methods: {
      get: { access: visible },
      update: { access: needs(permit('bookmark_management', system)) },
      remove: { access: needs(permit('bookmark_management', system)) },
    },
  },
  icons: {
    paths: ['icons'],
    type: 'icon',
    root: 'icons',
    methods: {
      list: { notBuilt: true, query: { max: 'integer' } },
    },
  },
  icon: {
    paths: ['icons/{icon}'],
    type: 'icon',
    methods: {
      get: { notBuilt: true },
    },
  },
  operating_systems: {
    paths: ['operatingsystems'],
    type: 'operating_system_info',
    root: 'operation_systems',
    methods: {
      list: { access: login, query: { max: 'integer' } },
    },
  },
  operating_system: {
    paths: ['operatingsystems/{operating_system_info}'],
    type: 'operating_system_info',
    methods: {
      get: { access: login },
    },
  },
  tags: {
    paths: ['tags'],
    type: 'tag',
    root: 'tags',
    methods: {
      list: { access: login, query: { max: 'integer' } },
      add: { access: needs(permit('tag_management', system)), mandatory: ['name'] },
    },
  },
  tag: {
    paths: ['tags/{tag}'],
    type: 'tag',
    methods: {
      get: { access: login },
      update: { access: needs(permit('tag_management', system)) },
      remove: { access: needs(permit('tag_management', system)) },
    },
  },
  system_options: {
    paths: ['options'],
    methods: {},
  },
  system_option: {
    paths: ['options/{system_option}'],
    type: 'system_option',
    methods: {
      get: { access: login, query: { version: 'string' } },
    },
  },
} as const satisfies ServiceDeclarations;
