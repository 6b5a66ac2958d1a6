/** A request as it would be sent. */
export interface DescribedCall {
  readonly method: string;
  readonly url: string;
  readonly body: string | undefined;
}

/** As it is typed in a shell. */
export function curlOf({ method, url, body }: DescribedCall): string {
  const words = [
    `curl --cacert ca.pem -X ${method}`,
    '-H "Authorization: Bearer $TOKEN" -H "Accept: application/json"',
    ...(body === undefined ? [] : ['-H "Content-Type: application/json"', `-d ${inShell(JSON.stringify(JSON.parse(body), undefined, 2))}`]),
    inShell(url),
  ];
  return words.join(' \\\n  ');
}

const inShell = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
