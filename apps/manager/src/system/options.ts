/**
 * The settings of RHV that clients ask for by name, as far as they are true of Ostler; by level, or `general` for all.
 * What is not here is not found, and clients fall back to their own defaults.
 */
export const systemOptions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  UserSessionTimeOutInterval: { general: '30' },
  SucceededJobCleanupTimeInMinutes: { general: '10' },
  FailedJobCleanupTimeInMinutes: { general: '60' },
  SearchResultsLimit: { general: '100' },
  TransferImageClientInactivityTimeoutInSeconds: { general: '60' },
  DefaultGeneralTimeZone: { general: 'Etc/GMT' },
  DefaultWindowsTimeZone: { general: 'GMT Standard Time' },
  ENGINE_API_FILTER_BY_DEFAULT: { general: 'true' },
};
