import visitors from '@swc/core/Visitor.js';

/**
 * swc's visitor, by which dependency-cruiser reads, does not know `using` and stops the whole run at the first one. What such
 * a declaration holds is read as any other's is.
 */
const { prototype } = visitors.Visitor ?? visitors;
const { visitStatement } = prototype;
prototype.visitStatement = function visitEveryStatement(statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement);
  this.visitVariableDeclarators(statement.decls);
  return statement;
};

/**
 * Who may import whom. `forbidden` is read by dependency-cruiser (`npm run rooms`, and `ostler test`, which also looks whether
 * enough modules were seen and whether planted violations are found: a tool that sees nothing finds nothing wrong).
 *
 * Tests, and what only tests use, may reach further than the code beside them, but never make circles.
 *
 * @type {import('dependency-cruiser').IConfiguration}
 */
const tests = '\\.test\\.ts$|test-support\\.ts$|/test-[^/]+\\.ts$';

/** Packages that may import `domain` and themselves, and those that build on one more. */
const leaves = 'contract|agent-contract|libvirt|domain-xml|ovf|storage-format|pki|image-io';

export default {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'A circle has no beginning to read from. Types may name each other in circles: nothing is left of them at run time.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'domain-imports-nothing',
      comment: 'The pure core runs in the manager, the portal, the CLI and the simulator: it needs none of them, and no I/O.',
      severity: 'error',
      from: { path: '^packages/domain/', pathNot: tests },
      to: { pathNot: '^packages/domain/' },
    },
    {
      name: 'packages-import-at-most-domain',
      severity: 'error',
      from: { path: `^packages/(${leaves})/`, pathNot: tests },
      to: { path: '^(packages|apps|lab|bench|sim)/', pathNot: ['^packages/domain/', '^packages/$1/'] },
    },
    {
      name: 'packages-never-import-apps',
      severity: 'error',
      from: { path: '^packages/', pathNot: tests },
      to: { path: '^(apps|lab|bench|sim)/' },
    },
    {
      name: 'portal-and-cli-know-the-contract-only',
      severity: 'error',
      from: { path: '^apps/(portal|cli)/', pathNot: tests },
      to: { path: '^(packages|apps|lab|bench|sim)/', pathNot: ['^packages/(contract|domain|image-io)/', '^apps/$1/'] },
    },
    {
      name: 'portal-moves-no-images-by-itself',
      comment: 'The CLI does (docs/decisions/0004); a browser has no sockets and no files to do it with.',
      severity: 'error',
      from: { path: '^apps/portal/', pathNot: tests },
      to: { path: '^packages/image-io/' },
    },
    {
      name: 'apps-import-packages-only',
      comment: 'Processes meet over sockets, not over imports. The launcher starts the others; it does not load them.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: tests },
      to: { path: '^(apps|lab|bench|sim)/', pathNot: '^apps/$1/' },
    },
    {
      name: 'nouns-through-service',
      comment: 'A noun of the manager shows the others one file. Access and audit are no such nouns: every one of them stands on both.',
      severity: 'error',
      from: { path: '^apps/manager/src/([^/]+)/', pathNot: tests },
      to: {
        path: '^apps/manager/src/(datacenter|cluster|network|host|storage-domain|disk|transfer|vm|snapshot|template|ha|scheduling|import-export|qos|quota|tag|affinity)/',
        pathNot: ['^apps/manager/src/$1/', '/service\\.ts$'],
      },
    },
    { name: 'unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    parser: 'swc', // its own reader cannot use TypeScript 7, and then passes without having seen anything
    tsConfig: { fileName: `${import.meta.dirname}/tsconfig.json` },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'node_modules/(?!@ostler)' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json'],
    },
  },
};
