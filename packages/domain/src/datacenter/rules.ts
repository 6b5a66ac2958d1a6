import { nameProblem } from '../names.ts';
import { reasons, refusalOf, type Refusal } from '../reason.ts';

/** Data centers: their settings, and what stands against changing or removing one (infra.md 1.1, 1.4). */

export interface DataCenterSettings {
  readonly name: string;
  readonly description: string;
  readonly comment: string;
  readonly local: boolean;
  readonly version: string;
  readonly quotaMode: 'disabled' | 'audit' | 'enabled';
}

/** The compatibility levels that there are, the newest last. */
export const compatibilityLevels = ['4.2', '4.3', '4.4', '4.5', '4.6', '4.7'] as const;
export const newestLevel = '4.7';

export const dataCenterReasons = reasons({
  data_center_name_taken: { class: 'conflict', text: 'There is a data center named {name} already.' },
  data_center_version_unknown: { class: 'bad_input', text: 'There is no compatibility version {version}; there are {known}.' },
  data_center_version_lowered: { class: 'conflict', text: 'The compatibility version of data center {name} can be raised, not lowered.' },
  data_center_local_fixed: { class: 'conflict', text: 'Data center {name} has storage domains; it can no longer become {kind}.' },
  data_center_not_empty: { class: 'conflict', text: 'Data center {name} still has {what}. Remove those first.' },
});

export function dataCenterProblems(settings: DataCenterSettings, otherNames: readonly string[]): Refusal | undefined {
  const said = dataCenterReasons;
  return refusalOf([
    nameProblem('data center', settings.name, 'data_center.name'),
    otherNames.some((name) => name.toLowerCase() === settings.name.toLowerCase()) &&
      said.data_center_name_taken({ name: settings.name }, 'data_center.name'),
    !compatibilityLevels.some((level) => level === settings.version) &&
      said.data_center_version_unknown({ version: settings.version, known: compatibilityLevels.join(', ') }, 'data_center.version'),
  ]);
}

export function dataCenterChangeProblems(
  before: DataCenterSettings,
  after: DataCenterSettings,
  facts: { readonly names: readonly string[]; readonly domains: readonly string[] },
): Refusal | undefined {
  const said = dataCenterReasons;
  return (
    dataCenterProblems(after, facts.names) ??
    refusalOf([
      levelIsLower(after.version, before.version) && said.data_center_version_lowered({ name: before.name }, 'data_center.version'),
      after.local !== before.local &&
        facts.domains.length > 0 &&
        said.data_center_local_fixed({ name: before.name, kind: after.local ? 'local' : 'shared' }, 'data_center.local'),
    ])
  );
}

export function dataCenterRemovalProblems(
  name: string,
  facts: { readonly clusters: readonly string[]; readonly domains: readonly string[] },
): Refusal | undefined {
  const what = [
    facts.domains.length > 0 ? `storage domains (${facts.domains.join(', ')})` : '',
    facts.clusters.length > 0 ? `clusters (${facts.clusters.join(', ')})` : '',
  ].filter((one) => one !== '');
  return refusalOf([what.length > 0 && dataCenterReasons.data_center_not_empty({ name, what: what.join(' and ') })]);
}

/** Whether level a is below level b: by number, for 4.10 comes after 4.9. */
export function levelIsLower(a: string, b: string): boolean {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor !== bMajor ? aMajor < bMajor : aMinor < bMinor;
}

export const version = (level: string): { readonly major: number; readonly minor: number } => {
  const [major = 0, minor = 0] = level.split('.').map(Number);
  return { major, minor };
};
