"""Documents that people work on before anything is charged by them: drafts, agreements, layouts."""
