import '@patternfly/react-core/dist/styles/base.css';
import './style.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/query-client.ts';
import { resumeSession } from './api/session.ts';
import { applyTheme } from './frame/theme.ts';
import { router } from './router.ts';

applyTheme();
void resumeSession();

const place = document.getElementById('root');
if (!place) throw new Error('The page has no place for the portal');
createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
