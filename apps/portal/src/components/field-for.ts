/** The form's field for a field of the API: `vm.cpu.topology.sockets` is under `vm.cpu` where nothing nearer is named. */
export function fieldFor<P>(fields: Readonly<Record<string, P>>, field: string): P | undefined {
  for (let name = field; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
    const found = fields[name];
    if (found !== undefined) return found;
  }
  return undefined;
}
