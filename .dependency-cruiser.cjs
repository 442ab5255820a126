/** Who may import whom; see "The shape of the code" in README.md. A planted violation in test/tidy.test.ts must fail. */
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { pathNot: allowed, path: '.' },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    only('core-imports-core', '^shared/core/', ['^shared/core/']),
    only('strategies-import-market-and-strategy', '^shared/strategies/', [
      '^shared/strategies/',
      '^shared/core/(market|strategy)/',
      '^shared/core/(units|instrument)\\.ts$',
    ]),
    only('ports-import-core', '^shared/ports/', ['^shared/ports/', '^shared/core/']),
    // And the names they share with the infrastructure that makes what they connect to.
    only('adapters-import-ports-and-core', '^shared/adapters/', [
      '^shared/adapters/',
      '^shared/config/(deployment|build)\\.ts$',
      '^shared/ports/',
      '^shared/core/',
      '^node_modules/',
      '^node:',
      '^[a-z_/]+$',
    ]),
    only('simulation-imports-core-and-ports', '^shared/simulation/', [
      '^shared/simulation/',
      '^shared/core/(units|instrument)\\.ts$',
      '^shared/ports/',
    ]),
    {
      name: 'services-import-shared-only',
      severity: 'error',
      // The command line and the simulation compose what others build.
      from: { path: '^services/(?!cli/|simulation/)([^/]+)/' },
      to: { path: '^(services/(?!$1/)|research/|infra/|test/)' },
    },
    {
      name: 'research-imports-shared-only',
      severity: 'error',
      from: { path: '^research/' },
      to: { path: '^(services/|infra/|test/)' },
    },
    only('operation-imports-core-and-ports', '^shared/operation/', [
      '^shared/operation/',
      '^shared/core/',
      '^shared/ports/',
    ]),
    only('infra-imports-config', '^infra/', [
      '^infra/',
      '^shared/config/(deployment|build)\\.ts$',
      '^node_modules/',
      '^node:',
      '^[a-z_/]+$',
    ]),
    {
      name: 'shared-imports-no-service',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: '^(services/|research/|infra/|test/)' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^test/fixtures/' },
  },
};
