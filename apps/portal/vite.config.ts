import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  base: '/portal/',
  plugins: [react()],
  build: {
    target: 'es2023',
    sourcemap: false,
    reportCompressedSize: false,
    // Inlined assets would be `data:` URLs, which the content security policy has no place for.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    chunkSizeWarningLimit: 1_000,
  },
});
