/** What stands at the address until the portal does. */
export const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Ostler</title>
<h1>Ostler</h1>
<p>This is an Ostler virtualization manager.</p>
<ul>
<li>The API is at <a href="/ovirt-engine/api">/ovirt-engine/api</a>.
<li>Its <a href="/ovirt-engine/services/pki-resource?resource=ca-certificate&amp;format=X509-PEM-CA">CA certificate</a>.
</ul>
`;

export const notFoundPage = '<!doctype html><title>Not found</title><p>There is nothing here. The API is at /ovirt-engine/api.</p>';
