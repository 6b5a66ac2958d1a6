import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPortal } from '@ostler/gateway/portal';
import { newGateway } from '@ostler/gateway/gateway';
import { newMetrics } from '@ostler/gateway/metrics';
import { hostsUp, simulatedWorld, type World } from '@ostler/manager/testing/world.test-support';
import { issue } from '@ostler/pki/authority';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { builtPortal } from '../../build/build.ts';

/** The portal as people have it: Chromium, the gateway, the real manager; only the hosts are simulated. */
export interface PortalWorld {
  readonly world: World;
  readonly origin: string;
  readonly browser: Browser;
  /** A window of its own, with nothing remembered. */
  open(options?: { width?: number; height?: number; theme?: 'light' | 'dark'; locale?: string }): Promise<Page>;
  /** Breaks and mends the line between the browser and the gateway. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  stop(): Promise<void>;
}

export async function portalWorld({ hosts = 1 } = {}): Promise<PortalWorld> {
  const [{ directory }, world] = await Promise.all([builtPortal(), simulatedWorld({ hosts })]);
  world.control();
  await hostsUp(world);
  const scratch = await mkdtemp(join(tmpdir(), 'ostler-portal-'));
  const apiSocket = join(scratch, 'api.sock');
  await world.server.listen({ path: apiSocket });
  const own = await issue(world.authority, { commonName: 'gateway', role: 'gateway', names: ['localhost', '127.0.0.1'] }, new Date());
  const portal = await readPortal(directory);
  const start = async (port: number) => {
    const gateway = newGateway({
      tls: own,
      caCertificate: world.authority.cert,
      hostTls: { ca: world.authority.cert, ...own },
      apiSocket,
      ticketCheck: async () => undefined,
      metrics: newMetrics(),
      portal,
      warn: () => undefined,
    });
    gateway.server.listen(port, '127.0.0.1');
    await once(gateway.server, 'listening');
    return gateway;
  };
  let gateway = await start(0);
  const address = gateway.server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const origin = `https://localhost:${port}`;
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  const contexts: BrowserContext[] = [];
  return {
    world,
    origin,
    browser,
    async open({ width = 1440, height = 900, theme = 'light', locale = 'en-US' } = {}) {
      const context = await browser.newContext({
        ignoreHTTPSErrors: true,
        viewport: { width, height },
        colorScheme: theme,
        reducedMotion: 'reduce',
        locale,
        timezoneId: 'UTC',
      });
      contexts.push(context);
      context.setDefaultTimeout(15_000);
      return context.newPage();
    },
    cut: () => gateway.close(0),
    mend: async () => {
      gateway = await start(port);
    },
    async stop() {
      for (const context of contexts) await context.close();
      await browser.close();
      await gateway.close(0);
      await world.stop();
      await rm(scratch, { recursive: true });
    },
  };
}

/** As a person would: types, and presses the button. */
export async function logIn(
  page: Page,
  origin: string,
  at = '/',
  login = { name: 'admin@internal', password: 'test-admin-password' },
): Promise<void> {
  await page.goto(`${origin}/portal${at}`);
  await page.getByRole('textbox', { name: 'User name' }).fill(login.name);
  await page.getByRole('textbox', { name: 'Password' }).fill(login.password);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
}
